/** Measures one part, named by the arguments, and sends its rows to the process that forked this one. */
import { measurePart } from './groups.ts'

const [file = '', name = ''] = process.argv.slice(2)
const rows = await measurePart([file, name])
process.send?.(rows, () => process.exit(0))
