/** How a training goes; a loss is nats a token. */
interface Progress {
  readonly step?: number | undefined
  readonly steps?: number | undefined
  readonly loss?: number | undefined
  readonly tokensPerSecond?: number | undefined
  readonly secondsLeft?: number | undefined
}

/** Shows a training's progress: in a terminal on one line that changes, elsewhere a line for each tenth of it. */
export const progressLine = (output: { isTTY?: boolean; write(text: string): unknown }) => {
  let told = -1
  return {
    show: ({ step = 0, steps = 0, loss, tokensPerSecond, secondsLeft }: Progress): void => {
      if (steps === 0 || step === told) return
      const parts = [
        `step ${step}/${steps}`,
        ...(loss === undefined ? [] : [`loss ${loss.toFixed(3)}`]),
        ...(tokensPerSecond === undefined
          ? []
          : [`${Math.round(tokensPerSecond).toLocaleString('en')} tokens/s`]),
        ...(secondsLeft === undefined ? [] : [`${Math.ceil(secondsLeft)} s left`]),
      ]
      if (output.isTTY === true) output.write(`\r${parts.join('  ').padEnd(70)}`)
      else if (told < 0 || step - told >= steps / 10) output.write(`${parts.join('  ')}\n`)
      else return
      told = step
    },
    end: (): void => {
      if (output.isTTY === true && told >= 0) output.write('\n')
    },
  }
}
