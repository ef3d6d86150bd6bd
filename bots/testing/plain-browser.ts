/** A browser as far as cookies and forms go; `url` tells where the page is, with a slash at the end. */
export class PlainBrowser {
  cookie = ''
  private readonly url: () => string
  constructor(url: () => string) {
    this.url = url
  }
  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.keep(
      await fetch(new URL(path, this.url()), {
        headers: { ...headers, cookie: this.cookie },
        redirect: 'manual',
      }),
    )
  }
  async form(
    page: string,
    action: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const hidden = (await (await this.get(page)).text()).match(/name="_csrf" value="([^"]+)"/)?.[1] ?? ''
    return this.post(action, { _csrf: hidden, ...fields }, { origin: this.url().slice(0, -1), ...headers })
  }
  async post(
    action: string,
    fields: Record<string, string>,
    headers: Record<string, string>,
  ): Promise<Response> {
    const body = new URLSearchParams(fields)
    return this.keep(
      await fetch(new URL(action, this.url()), {
        method: 'POST',
        body,
        headers: { ...headers, cookie: this.cookie },
        redirect: 'manual',
      }),
    )
  }
  private keep(response: Response): Response {
    const set = response.headers.get('set-cookie')?.split(';')[0]
    if (set !== undefined) this.cookie = set
    return response
  }
}
