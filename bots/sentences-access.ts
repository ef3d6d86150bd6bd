import { tokensText } from './format.ts'

/** What is said of API keys. */
export const access = {
  prompts: {
    'issue-key.name': 'What is the key for? A word or two, such as my-notebook.',
    'rotate-key.id': 'Which key? Give its id; /keys lists them.',
    'revoke-key.id': 'Which key? Give its id; /keys lists them.',
  } as Readonly<Record<string, string>>,
  key: (key: string) =>
    `${key}\nKeep it now: it is not shown again. Whoever has it acts for you, so give it to nobody, and delete this message once it is stored.`,
  granted: (name: string, scopes: readonly string[], until: string) =>
    `Your key ${name} may ${scopes.join(', ')} until ${until}.`,
  gone: (id: string) => `This key was shown once already. /rotate-key ${id} makes a new secret for it.`,
  revoked: (name: string) => `The key ${name} works no more.`,
  noKeys: 'You have no API keys. /issue-key makes one, with which a program asks and acts for you.',
  title: 'Your API keys',
  spent: (spent: string, budget: string | null, period: string | null) =>
    budget === null
      ? 'no budget'
      : `${tokensText(spent)} of ${tokensText(budget)} ${periods[period ?? ''] ?? ''}`,
  never: 'never',
}

const periods: Readonly<Record<string, string>> = { day: 'today', month: 'this month', ever: 'in all' }
