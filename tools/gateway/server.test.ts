import { describe, expect, it } from 'vitest'
import { openServer } from './server.ts'

const answer = () => new Response('here')

describe('a node', () => {
  it('listens on the loopback by default, under each of its names', async () => {
    const server = await openServer(answer, { port: 0 })
    const { port } = new URL(server.url)
    expect(server.url).toBe(`http://127.0.0.1:${port}/`)
    expect(server.local).toBe(server.url)
    expect(server.hosts).toEqual([`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`])
    expect(await (await fetch(server.url)).text()).toBe('here')
    await server.close()
  })

  it('refuses an address that others reach unless TLS in front of it is declared', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'hive.example'])
      for (const publicUrl of [undefined, 'http://hive.example/'])
        await expect(openServer(answer, { port: 0, host, publicUrl })).rejects.toMatchObject({
          code: 'bind-public',
          blame: 'operator',
          message: `Without TLS in front of it, the node does not listen on ${host}.`,
          fix: expect.stringContaining('TRIBUTARY_PUBLIC_URL'),
        })
  })

  it('answers to its public name where one is declared, and tells this machine another', async () => {
    const server = await openServer(answer, { port: 0, publicUrl: 'https://hive.example/' })
    const { port } = new URL(server.local)
    expect(server).toMatchObject({ url: 'https://hive.example/', local: `http://127.0.0.1:${port}/` })
    expect(server.hosts).toContain('hive.example')
    expect(server.origins).toContain('https://hive.example')
    await server.close()
  })

  it('says which port is taken', async () => {
    const server = await openServer(answer, { port: 0 })
    const port = Number(new URL(server.url).port)
    await expect(openServer(answer, { port })).rejects.toMatchObject({
      code: 'port-taken',
      message: `Port ${port} on 127.0.0.1 is taken.`,
    })
    await server.close()
  })
})
