import type { ModelCard } from '../models.ts'

/** Identifiers of licences as model hubs write them; others are named beside `other`. */
const hubLicences = new Set([
  'apache-2.0',
  'mit',
  'cc0-1.0',
  'cc-by-3.0',
  'cc-by-4.0',
  'cc-by-sa-3.0',
  'cc-by-sa-4.0',
  'cc-by-nc-4.0',
  'odc-by',
  'pddl',
])

/** A text as YAML holds it: JSON's strings are YAML's. */
const quoted = (text: string): string => JSON.stringify(text)

/** What a person wrote, so that it stays text in Markdown. */
const plain = (text: string): string =>
  text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>()#!|~&]|^[-+=]/g, letter => `&#${letter.codePointAt(0)};`)

const licenceLines = (licences: readonly string[]): string[] => {
  const ids = licences.map(name => name.toLowerCase())
  if (ids.length === 1 && hubLicences.has(ids[0]!)) return [`license: ${ids[0]}`]
  return ['license: other', `license_name: ${quoted(licences.join(' AND ') || 'unknown')}`]
}

/** Front matter of a model card on the Hugging Face hub. */
const frontMatter = (card: ModelCard, licences: readonly string[]): string[] => {
  const { evaluation, name, version } = card
  const lines = [
    '---',
    ...licenceLines(licences),
    `base_model: ${quoted(card.base.name)}`,
    'library_name: peft',
    'pipeline_tag: text-generation',
    'tags: [lora, peft, tributary]',
  ]
  if (evaluation.rows > 0)
    lines.push(
      'metrics: [loss]',
      'model-index:',
      `  - name: ${quoted(`${name}@${version}`)}`,
      '    results:',
      '      - task: { type: text-generation }',
      '        dataset: { name: held-out rows, type: held-out }',
      '        metrics:',
      `          - { type: loss, name: nats a token, value: ${evaluation.adapterLoss} }`,
      `          - { type: loss, name: nats a token of the base, value: ${evaluation.baseLoss} }`,
    )
  return [...lines, '---']
}

/** README.md of an exported adapter: where it comes from, whose rows are in it, how it was judged and how it is loaded. */
export const readmeOf = (card: ModelCard, terms: { licences: readonly string[] }): string => {
  const { name, version, base, evaluation } = card
  const licences = card.licences.length > 0 ? card.licences.map(({ licence }) => licence) : terms.licences
  const judged =
    evaluation.rows === 0
      ? 'It was judged on no held-out rows.'
      : `On ${evaluation.rows} held-out rows its loss is ${evaluation.adapterLoss.toFixed(3)} nats a token; the base model's is ${evaluation.baseLoss.toFixed(3)}.`
  const rows =
    card.rows === 0
      ? 'It was brought from elsewhere; this network does not know its rows.'
      : `It was tuned on ${card.rows} rows. SHA-256 Merkle root of their manifest: \`${card.snapshotRoot}\`.`
  const people = card.contributors.map(one => `| ${plain(one.name)} | ${one.rows} |`)
  return [
    ...frontMatter(card, licences),
    '',
    `# ${name}@${version}`,
    '',
    plain(card.purpose),
    '',
    `A LoRA adapter for the base model ${plain(base.name)} (hash \`${base.hash}\`). ${judged}`,
    '',
    rows,
    '',
    `SHA-256 of \`adapter_model.safetensors\`: \`${card.adapterHash}\`. Licences: ${plain(licences.join(', '))}.`,
    ...(people.length === 0 ? [] : ['', '| contributor | rows |', '|---|---|', ...people]),
    '',
    '```python',
    'from peft import PeftModel',
    'from transformers import AutoModelForCausalLM, AutoTokenizer',
    '',
    `base = ${quoted(base.name)}  # the folder or the hub's name of the base model with that hash`,
    'model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), ".")',
    'tokenizer = AutoTokenizer.from_pretrained(base)',
    '```',
    '',
  ].join('\n')
}
