/** What a bot says, before a platform gives it a form. Texts are plain: a platform escapes them. */
export type Reply =
  | { readonly kind: 'text'; readonly text: string; readonly tone?: Tone }
  /** A part of a text that is still being made; parts are joined as they come, and another kind of reply ends them. */
  | { readonly kind: 'part'; readonly text: string }
  | {
      readonly kind: 'table'
      readonly title?: string
      readonly columns: readonly Column[]
      readonly rows: readonly (readonly string[])[]
      readonly note?: string
    }
  | {
      readonly kind: 'card'
      readonly title: string
      readonly body?: string
      readonly fields: readonly Field[]
    }
  | ProgressReply
  | FileReply
  | { readonly kind: 'choices'; readonly text: string; readonly choices: readonly Choice[] }

export type Tone = 'plain' | 'good' | 'bad' | 'quiet'

export interface Column {
  readonly label: string
  /** Numbers stand right-aligned. */
  readonly numeric?: boolean
}

export interface Field {
  readonly label: string
  readonly value: string
}

/** `loss` in nats a token; a platform redraws the progress of the same label in place. */
export interface ProgressReply {
  readonly kind: 'progress'
  readonly label: string
  readonly step: number
  readonly steps: number
  readonly loss?: number
  readonly tokensPerSecond?: number
  readonly secondsLeft?: number
}

/** A file of the person's own, such as their takeout: a platform sends it to them alone. */
export interface FileReply {
  readonly kind: 'file'
  /** A plain file name: no folder, nothing that anybody typed. */
  readonly name: string
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** A button, or a line the person may type instead. */
export interface Choice {
  readonly label: string
  readonly line: string
  /** The open question that the line answers: pressed after that one is closed, it answers nothing else. */
  readonly pending?: string
}

export type Say = (reply: Reply) => void

export const text = (text: string, tone: Tone = 'plain'): Reply => ({ kind: 'text', text, tone })
