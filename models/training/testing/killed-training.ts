/** A training that kills its own process: node killed-training.ts KIND FOLDER STEP [amid], where `amid` is while files are written. */
import { shortTrainings } from './short-trainings.ts'

const [kind, folder, step, amid] = process.argv.slice(2)
const kill = (): void => void process.kill(process.pid, 'SIGKILL')

await shortTrainings[kind as keyof typeof shortTrainings](folder!, progress => {
  if (progress.step !== Number(step)) return
  if (amid) setImmediate(kill)
  else kill()
})
