/** What only Telegram says, in English. */
export const telegramSentences = {
  answeredPrivately: 'I answered you in our private chat.',
  openPrivately: 'This is between you and me: open our private chat and press Start.',
  openChat: 'Open the private chat',
  askPrivately: 'Ask in a private chat',
  fileTooLarge: 'That file is larger than the 20 MB that a bot may fetch. Send it in parts.',
  fileUnreachable: 'Telegram did not hand me that file. Please send it again.',
  edited:
    'I do not read a message again after an edit. Send the new text as a new message; /withdraw takes back rows that you gave.',
  forwarded:
    'I do not obey forwarded messages. Type it yourself; to give the message as an example, reply to it with /contribute.',
  questionMissing:
    'The message you replied to is the answer. Write its question behind the command, such as /contribute beekeeping What is a nuc?',
  textOnly: 'I read text and files, nothing else. Please write it.',
  wordsOf: (author: string) => `The answer is taken from a message of ${author}.`,
  helpCommand: 'Say what I can do',
  modelCommand: 'Choose the model that answers',
  cancelCommand: 'Stop what was begun',
}
