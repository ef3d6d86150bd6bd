import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { secureHeaders } from 'hono/secure-headers'
import { fault } from '../../infra/errors.ts'
import type { Address } from '../../tools/gateway/server.ts'

/**
 * Only the node's own names reach it: a page elsewhere that points its name at 127.0.0.1 (DNS rebinding) still sends its
 * own Host. Anything that changes something must also come from a page of this node.
 */
export const guardOrigin = (address: () => Address): MiddlewareHandler => {
  return async (c, next) => {
    const { hosts, origins, url } = address()
    if (!hosts.includes(c.req.header('host') ?? ''))
      throw fault('host-foreign', 'This address is not the node’s.', {
        fix: `Open ${url} instead.`,
      })
    if (!['GET', 'HEAD'].includes(c.req.method)) {
      const site = c.req.header('sec-fetch-site')
      // Every browser sends Origin with a form; what sends none is no browser and has no cookie to be tricked out of.
      const foreign =
        !origins.includes(c.req.header('origin') ?? '') || (site !== undefined && site !== 'same-origin')
      if (foreign)
        throw fault('origin-foreign', 'This request comes from another site.', {
          fix: 'Send the form from the node’s own page.',
        })
    }
    await next()
  }
}

/** Nothing but the node's own files runs, loads or frames a page. */
export const guardHeaders = (): MiddlewareHandler =>
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    // Not no-referrer: Chromium then sends "Origin: null" with the node's own forms.
    referrerPolicy: 'same-origin',
    xFrameOptions: 'DENY',
    // The page is plain HTTP on the loopback.
    strictTransportSecurity: false,
  })

/** Bytes of a form: a message is short, rows come as files of some megabytes. */
export const limits = { form: 64 * 1024, rows: 8 * 1024 * 1024 }

/** Refuses a larger body with `body-too-large` before it is read. */
export const guardBody = (bytes: number): MiddlewareHandler =>
  bodyLimit({
    maxSize: bytes,
    onError: () => {
      throw fault('body-too-large', `This is larger than ${Math.round(bytes / 1024)} KiB.`, {
        fix: 'Send it in smaller parts.',
      })
    },
  })
