import { fault, isFault } from '../infra/errors.ts'
import { encodeModel } from './onnx.ts'
import { type Device, floats, openSession } from './session.ts'

const fixes: Record<Device, string> = {
  cpu: 'Report it with the cause.',
  webgpu: 'Install a Vulkan driver of the graphics card, or set TRIBUTARY_DEVICE to cpu.',
  cuda: 'Install onnxruntime-node with its CUDA libraries (npm rebuild onnxruntime-node with onnxruntime-node-install unset), or set TRIBUTARY_DEVICE to cpu.',
}

/** Multiplies two small matrices on a device. Error `device-unavailable`: it is not there, or the result is wrong. */
export async function checkDevice(device: Device): Promise<void> {
  if (device === 'cpu') return
  const value = (name: string) => ({ name, type: 'float32' as const, dims: [2, 2] })
  const model = encodeModel({
    name: 'device',
    nodes: [{ op: 'MatMul', domain: '', inputs: ['a', 'b'], outputs: ['c'], attributes: {} }],
    constants: [],
    inputs: [value('a'), value('b')],
    outputs: [value('c')],
  })
  const unavailable = (what: string, cause?: unknown) =>
    fault('device-unavailable', `The device ${device} ${what}.`, {
      fix: fixes[device],
      facts: { device },
      blame: 'operator',
      ...(cause === undefined ? {} : { cause }),
    })
  try {
    const session = await openSession(model, { threads: 1, device })
    const feeds = {
      a: floats(Float32Array.of(1, 2, 3, 4), [2, 2]),
      b: floats(Float32Array.of(5, 6, 7, 8), [2, 2]),
    }
    const { c } = await session.run(feeds)
    await session.close()
    if (`${c!.data}` !== '19,22,43,50') throw unavailable('computes wrongly')
  } catch (cause) {
    if (isFault(cause) && cause.code === 'device-unavailable') throw cause
    throw unavailable('is not there', cause)
  }
}
