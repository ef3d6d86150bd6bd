import { fault } from '../../infra/errors.ts'
import { boundedString, commonRules, decimal, integer, literal, wholeRange } from './grammar-parts.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Schema = { [key: string]: Json }

/** Nested containers of a schema, and characters of its JSON text. */
const maxDepth = 64
const maxCharacters = 65_536
/** Counts of characters and items: a grammar takes 2 s to compile for 1,000 (8,192 tokens). */
const maxCount = 1_000

/** Says something about a value without bounding it. */
const annotations = new Set(
  '$schema $id $comment title description default examples deprecated readOnly writeOnly'.split(' '),
)
const numeric = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']
/** What bounds a value of each type. */
const keywords = new Map<Json, readonly string[]>([
  ['object', ['properties', 'required', 'additionalProperties']],
  ['array', ['items', 'prefixItems', 'minItems', 'maxItems']],
  ['string', ['minLength', 'maxLength']],
  ['integer', numeric],
  ['number', numeric],
  ['boolean', []],
  ['null', []],
])
const types = [...keywords.keys()]
const typed = new Set([...keywords.values()].flat())

/** Any JSON object or array. */
export const jsonGrammar = `root ::= object | array\n${commonRules}`

/**
 * The EBNF (xgrammar's) of the JSON texts that a JSON Schema allows; every text of the grammar is valid under the schema, not the other
 * way round: properties come in the schema's order and no others, numbers have at most 15 digits, a tuple is whole.
 * Honoured: type, enum, const, anyOf, $ref within the schema, $defs; properties, required, additionalProperties; items,
 * prefixItems, minItems, maxItems; minLength, maxLength; minimum, maximum and their exclusive forms. Annotations are
 * read over. Error `constraint-invalid`, with all reasons at once: any other keyword, or a schema past the limits.
 */
export const jsonSchemaGrammar = (schema: unknown): string => {
  const text = JSON.stringify(schema) ?? 'null'
  const problems: string[] = []
  if (text.length > maxCharacters)
    problems.push(`it has ${text.length} characters, more than ${maxCharacters}`)
  else if (depthOf(text) > maxDepth) problems.push(`it is nested deeper than ${maxDepth}`)
  if (problems.length > 0) throw invalid(problems)
  const grammar = new SchemaGrammar(JSON.parse(text))
  const out = grammar.write()
  if (grammar.problems.length > 0) throw invalid(grammar.problems)
  return out
}

const depthOf = (text: string): number => {
  let depth = 0
  let most = 0
  for (const [mark] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (mark === '{' || mark === '[') most = Math.max(most, ++depth)
    else if (mark === '}' || mark === ']') depth--
  }
  return most
}

const invalid = (problems: readonly string[]) =>
  fault('constraint-invalid', `The JSON Schema cannot be followed: ${problems.slice(0, 20).join('; ')}.`, {
    fix: `Take ${problems.length === 1 ? 'it' : 'each of them'} out, or say it in a description.`,
    facts: { problems: problems.length },
  })

const isSchema = (json: Json | undefined): json is Schema =>
  typeof json === 'object' && json !== null && !Array.isArray(json)

class SchemaGrammar {
  readonly problems: string[] = []
  readonly #root: Json
  readonly #rules: string[] = []
  readonly #references = new Map<string, string>()
  readonly #strings = new Map<string, string>()
  /** References that a rule may follow before it writes anything. */
  readonly #direct = new Map<string, Set<string>>()

  constructor(root: Json) {
    this.#root = root
  }

  write(): string {
    const root = this.#visit(this.#root, '#', '#')
    for (const start of this.#direct.keys())
      if (this.#returns(start, start, new Set())) this.#refuse(start, 'refers to itself alone')
    return `root ::= ${root}\n${this.#rules.join('\n')}\n${commonRules}`
  }

  #refuse(place: string, what: string): string {
    this.problems.push(`${place} ${what}`)
    return '""'
  }

  #rule(body: string): string {
    const name = `r${this.#rules.length}`
    this.#rules.push(`${name} ::= ${body}`)
    return name
  }

  /** The expression of a schema; `from` is the reference whose text starts here, '' once something is written. */
  #visit(schema: Json | undefined, place: string, from = ''): string {
    if (schema === true) return 'value'
    if (schema === false) return this.#refuse(place, 'allows nothing')
    if (!isSchema(schema)) return this.#refuse(place, 'is not a schema')
    const own = Object.keys(schema).filter(key => !annotations.has(key) && !key.startsWith('x-'))
    const used = own.filter(key => key !== '$defs' && key !== 'definitions')
    const alone = (key: string, beside: readonly string[] = []) => {
      for (const other of used)
        if (other !== key && !beside.includes(other)) this.#refuse(place, `has ${other} beside ${key}`)
    }
    if (used.includes('$ref')) {
      alone('$ref')
      return this.#reference(schema.$ref, place, from)
    }
    for (const key of ['const', 'enum'])
      if (used.includes(key)) {
        alone(key, ['type'])
        return this.#constants(key === 'enum' ? schema[key] : [schema[key]!], schema.type, place)
      }
    if (used.includes('anyOf')) {
      alone('anyOf')
      return this.#anyOf(schema.anyOf, place, from)
    }
    for (const key of used)
      if (key !== 'type' && !typed.has(key) && !(key === 'propertyNames' && isAnyText(schema[key])))
        this.#refuse(place, `has ${key}, which is not honoured`)
    const named = schema.type ?? types.find(type => keywords.get(type)!.some(key => used.includes(key)))
    if (named === undefined) return 'value'
    const names = Array.isArray(named) ? named : [named]
    if (names.length === 0 || new Set(names).size < names.length)
      return this.#refuse(place, 'does not list each of its types once')
    for (const key of used)
      if (typed.has(key) && !names.some(name => keywords.get(name)?.includes(key)))
        this.#refuse(place, `has ${key}, which its type does not take`)
    return `(${names.map(name => this.#typed(schema, name, place)).join(' | ')})`
  }

  #reference(ref: Json | undefined, place: string, from: string): string {
    if (typeof ref !== 'string' || !/^#(\/|$)/.test(ref))
      return this.#refuse(place, 'has a $ref that leaves the schema')
    if (from !== '') this.#direct.set(from, (this.#direct.get(from) ?? new Set()).add(ref))
    const known = this.#references.get(ref)
    if (known !== undefined) return known
    let target: Json | undefined = this.#root
    for (const part of ref.split('/').slice(1)) {
      const key = decodeURIComponent(part.replaceAll(/%(?![\dA-Fa-f]{2})/g, '%25'))
        .replaceAll('~1', '/')
        .replaceAll('~0', '~')
      if (typeof target !== 'object' || target === null || !Object.hasOwn(target, key))
        return this.#refuse(place, `has a $ref to ${ref}, which is absent`)
      target = (target as Schema)[key]
    }
    const name = `d${this.#references.size}`
    this.#references.set(ref, name)
    this.#rules.push(`${name} ::= ${this.#visit(target, ref, ref)}`)
    return name
  }

  #returns(at: string, to: string, seen: Set<string>): boolean {
    for (const next of this.#direct.get(at) ?? []) {
      if (next === to) return true
      if (seen.has(next)) continue
      seen.add(next)
      if (this.#returns(next, to, seen)) return true
    }
    return false
  }

  #constants(values: Json | undefined, type: Json | undefined, place: string): string {
    if (!Array.isArray(values) || values.length === 0) return this.#refuse(place, 'lists no values')
    const allowed = type === undefined ? types : Array.isArray(type) ? type : [type]
    for (const value of values)
      if (!allowed.some(name => hasType(value, name)))
        this.#refuse(place, 'lists a value that is not of its type')
    return `(${values.map(value => literal(JSON.stringify(value))).join(' | ')})`
  }

  #anyOf(options: Json | undefined, place: string, from: string): string {
    if (!Array.isArray(options) || options.length === 0) return this.#refuse(place, 'has an empty anyOf')
    return `(${options.map((option, i) => this.#visit(option, `${place}/anyOf/${i}`, from)).join(' | ')})`
  }

  #typed(schema: Schema, type: Json, place: string): string {
    switch (type) {
      case 'object':
        return this.#object(schema, place)
      case 'array':
        return this.#array(schema, place)
      case 'string': {
        const [least, most] = this.#counts(schema, 'minLength', 'maxLength', place)
        return least === 0 && most === undefined ? 'string' : this.#string(least, most)
      }
      case 'integer':
      case 'number':
        return this.#numeric(schema, type, place)
      case 'boolean':
      case 'null':
        return type
      default:
        return this.#refuse(place, `has the type ${JSON.stringify(type)}, which is none of JSON's`)
    }
  }

  #string(least: number, most: number | undefined): string {
    const key = `${least},${most}`
    const name = this.#strings.get(key) ?? this.#rule(boundedString(least, most, body => this.#rule(body)))
    this.#strings.set(key, name)
    return name
  }

  #counts(schema: Schema, low: string, high: string, place: string): [number, number | undefined] {
    const [least, most] = [schema[low] ?? 0, schema[high]]
    const counts = [least, ...(most === undefined ? [] : [most])]
    if (!counts.every(n => Number.isInteger(n) && Number(n) >= 0 && Number(n) <= maxCount))
      this.#refuse(place, `has a ${low} or ${high} that is not a whole number up to ${maxCount}`)
    else if (most !== undefined && Number(least) > Number(most))
      this.#refuse(place, `has its ${low} above its ${high}`)
    else return [Number(least), most === undefined ? undefined : Number(most)]
    return [0, undefined]
  }

  #numeric(schema: Schema, type: 'integer' | 'number', place: string): string {
    const bound = (key: string) => schema[key]
    const bounds = numeric.filter(key => schema[key] !== undefined)
    if (bounds.length === 0) return type
    if (!bounds.every(key => Number.isInteger(bound(key))))
      return this.#refuse(place, 'has a bound that is not a whole number')
    const range = wholeRange(
      Number(bound('minimum') ?? -Infinity),
      Number(bound('maximum') ?? Infinity),
      Number(bound('exclusiveMinimum') ?? -Infinity),
      Number(bound('exclusiveMaximum') ?? Infinity),
    )
    const body = type === 'integer' ? integer(range) : decimal(range)
    return body === '' ? this.#refuse(place, 'has bounds with nothing between them') : `(${body})`
  }

  #object(schema: Schema, place: string): string {
    const { properties = {}, required = [], additionalProperties: rest } = schema
    if (!isSchema(properties)) return this.#refuse(place, 'has properties that are no object')
    if (!Array.isArray(required)) return this.#refuse(place, 'has a required that is no list')
    const names = Object.keys(properties)
    for (const name of required)
      if (typeof name !== 'string' || !Object.hasOwn(properties, name))
        this.#refuse(place, `requires ${JSON.stringify(name)}, which is not among its properties`)
    if (names.length === 0) {
      if (rest === false) return '"{" ws "}"'
      const value = this.#visit(rest ?? true, `${place}/additionalProperties`)
      const member = this.#rule(`string colon ${value}`)
      return `"{" ws (${member} (sep ${member})* ws)? "}"`
    }
    // Such a property could bear a declared name again and so replace its value.
    if (rest !== undefined && rest !== false)
      this.#refuse(place, 'has additionalProperties beside properties')
    let after = 'ws'
    let first = required.length === 0 ? '""' : ''
    for (const name of names.toReversed()) {
      const value = this.#visit(properties[name], `${place}/properties/${name}`)
      const here = this.#rule(`${literal(JSON.stringify(name))} colon ${value} ${after}`)
      const must = required.includes(name)
      first = must || first === '' ? here : this.#rule(`${here} | ${first}`)
      after = this.#rule(must ? `sep ${here}` : `sep ${here} | ${after}`)
    }
    return `"{" ws ${first} "}"`
  }

  #array(schema: Schema, place: string): string {
    const { prefixItems: prefix = [], items } = schema
    const [least, most = Infinity] = this.#counts(schema, 'minItems', 'maxItems', place)
    if (!Array.isArray(prefix)) return this.#refuse(place, 'has prefixItems that are no list')
    if (most < prefix.length) return this.#refuse(place, 'has its maxItems below its prefixItems')
    const head = prefix.map((item, i) => this.#visit(item, `${place}/prefixItems/${i}`))
    const open = items === undefined ? prefix.length === 0 : items !== false
    const [low, high] = [Math.max(0, least - head.length), open ? most - head.length : 0]
    if (low > high) return this.#refuse(place, 'has its minItems above the items it describes')
    if (high === 0) return `"[" ws ${head.map(item => `${item} `).join('sep ')}ws "]"`
    const item = this.#rule(this.#visit(items ?? true, `${place}/items`))
    const times = (from: number, to: number) => `{${from},${to === Infinity ? '' : to}}`
    if (head.length > 0) return `"[" ws ${head.join(' sep ')} (sep ${item})${times(low, high)} ws "]"`
    const filled = `${item} (sep ${item})${times(Math.max(0, low - 1), high - 1)} ws`
    return low === 0 ? `"[" ws (${filled})? "]"` : `"[" ws ${filled} "]"`
  }
}

/** What some writers of schemas say of every map's names. */
const isAnyText = (schema: Json | undefined): boolean => JSON.stringify(schema) === '{"type":"string"}'

const hasType = (value: Json, type: Json): boolean => {
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'null') return value === null
  if (type === 'object') return isSchema(value)
  return typeof value === type
}
