import { expect, test } from 'vitest'
import { checkDevice } from './device.ts'

test('the processor is always there', async () => {
  await expect(checkDevice('cpu')).resolves.toBeUndefined()
})

test('CUDA without its libraries is refused with what to do', async () => {
  await expect(checkDevice('cuda')).rejects.toMatchObject({
    code: 'device-unavailable',
    fix: expect.stringContaining('TRIBUTARY_DEVICE'),
    blame: 'operator',
  })
})
