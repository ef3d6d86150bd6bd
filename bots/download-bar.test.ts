import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { downloadBar } from './download-bar.ts'

const play = (isTTY: boolean, steps: number): string => {
  let text = ''
  const output = Object.assign(
    new Writable({
      write: (piece, _encoding, done) => {
        text += piece
        done()
      },
    }),
    { isTTY },
  )
  const bar = downloadBar(output)
  for (let step = 0; step <= steps; step++)
    bar.show({ file: 'model.safetensors', bytes: step * 10_000, total: 2_000_000, bytesPerSecond: 1.5e6 })
  bar.end()
  return text
}

describe('the bar of a download', () => {
  it('writes a line every tenth part of the way where nobody watches', () => {
    const lines = play(false, 200).trimEnd().split('\n')
    expect(lines).toHaveLength(11)
    expect(lines[5]).toBe('██████████████░░░░░░░░░░░░░░ 50%  1.0/2.0 MB  1.5 MB/s  model.safetensors')
  })

  it('redraws one line on a terminal, and closes it at the end', () => {
    const text = play(true, 200)
    expect(text).toContain('\r\x1b[2K')
    expect(text.match(/\n/g)).toHaveLength(1)
    expect(text.endsWith('100%  2.0/2.0 MB  1.5 MB/s  model.safetensors\n')).toBe(true)
  })

  it('closes the line of a download that failed', () => {
    expect(play(true, 50).endsWith('model.safetensors\n')).toBe(true)
  })
})
