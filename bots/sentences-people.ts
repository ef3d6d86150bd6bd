import { countText, tokensText } from './format.ts'

/** What is said of a person's own account: links, wallets, consents, comparisons, takeout and erasure. */
export const people = {
  prompts: {
    'another.answer': 'Which answer do you want to compare? Give its id.',
    'consent.proposal': 'Which model are your rows for?',
    'consent.licence':
      'Under which licence will you give all your rows to it? CC0-1.0 gives up all rights; CC-BY-4.0 asks for credit.',
    'consent.rights': 'Will all rows you give to it be yours to give under this licence? (yes or no)',
    'prefer.choice': 'Which one is better: first, second or neither?',
    'unlink.what': 'What shall be taken away: wallet, discord, telegram or web?',
    'withdraw.contribution': 'Which row? Give its id, or the name of a model for all your rows there.',
  } as Readonly<Record<string, string>>,
  confirm: {
    linkCode:
      'Go on only if you made this code yourself on another platform: from now on you act here as the account that made it, and whoever holds that account sees and does what you do. Link them?',
    linkWallet: (address: string) => `Have everything you claim from now on paid on to ${address}?`,
    unlinkWallet:
      'Take your wallet away? What you claim then stays in the wallet that this node keeps for you.',
    unlink: (platform: string) =>
      `Take ${platform} away from your account? It is then no longer reached from there.`,
    withdrawAll: (model: string) =>
      `Take back all your rows for ${model} and erase their text? This cannot be undone.`,
    erase:
      'Erase your account: all your rows, questions and answers, your name, and who you are here? Amounts and hashes stay, without you. This cannot be undone; /takeout gives you a copy first.',
    eraseGivingUp:
      'Erase your account and give up every token that is still in it, earned or prepaid? This cannot be undone; /claim has earnings paid to you first.',
  },
  consentAsked: (model: string, licence: string) =>
    `Will all rows that you give to ${model}, now and later, be yours to give under ${licence}?`,
  consentUnder: (licence: string) => `Yes, under ${licence}`,
  linkCode: (code: string, minutes: number) =>
    `Type this on the other platform within ${minutes} minutes:\n/link ${code}\nGive it to nobody: whoever types it joins your account.`,
  linked: (name: string) => `Linked. You are ${name} here too.`,
  linkedLeft: (balance: string, claimable: string) =>
    `What you had here stays in its own account: ${tokensText(balance)} tokens prepaid, ${tokensText(claimable)} to claim. /unlink with this platform's name takes you back to it.`,
  walletMessage: (address: string) =>
    `Sign the message in this file with ${address}, as it stands and as a personal message (EIP-191). Then send the signature:\n/link ${address} signature=0x…`,
  walletMessageName: 'message-to-sign.txt',
  walletLinked: (address: string) => `Linked. What you claim is paid on to ${address}.`,
  unlinked: (what: string) =>
    what === 'wallet'
      ? 'Your wallet is taken away. What you claim stays in the wallet that this node keeps for you.'
      : `${what} is taken away from your account.`,
  claimedTo: (wallet: string) => `Paid on to your own wallet ${wallet}.`,
  compare: 'Compare',
  first: 'First',
  second: 'Second',
  whichIsBetter: 'Which one is better?',
  firstIsBetter: 'The first',
  secondIsBetter: 'The second',
  neither: 'Neither',
  preferred: 'Noted. It helps the next version of the model.',
  consented: (proposal: string, licence: string) =>
    `Noted: your rows for ${proposal} are yours to give under ${licence}. You will not be asked again; revoke it at any time.`,
  revoke: 'Revoke it',
  revoked: (proposal: string) => `Revoked. Rows for ${proposal} need rights and a licence again.`,
  oldRows: (rows: number, proposal: string) =>
    `${countText(rows, 'row')} that you gave to ${proposal} ${rows === 1 ? 'is' : 'are'} still there.`,
  withdrawOld: 'Take them back',
  dontAskAgain: (proposal: string) => `Not ask again for ${proposal}`,
  consentsTitle: 'Your standing consents',
  noConsents: 'You have given no standing consent. /consent gives one, for all your rows to a model.',
  consentState: (revokedAt: string | null) => (revokedAt === null ? 'stands' : `revoked ${revokedAt}`),
  withdrawnRows: (rows: number, models: readonly string[]) =>
    `${countText(rows, 'row')} erased.${models.length === 0 ? '' : ` These models were tuned with them: ${models.join(', ')}.`}`,
  takeout: (lists: string) => `Everything that is kept of you: ${lists}.`,
  erased: (rows: number, answers: number) =>
    `Erased: ${countText(rows, 'row')}, ${countText(answers, 'question')}, your name, and who you are here. Goodbye.`,
  erasedLater: (answers: number) =>
    `${countText(answers, 'question')} of the running pay period ${answers === 1 ? 'loses its' : 'lose their'} text once it is settled.`,
  tunedWith: (models: readonly string[]) => `These models were tuned with your rows: ${models.join(', ')}.`,
}
