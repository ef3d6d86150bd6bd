/**
 * How English follows one letter with another: 27 x 27 (a word's edge, then a..z), row = first letter, in half bits of
 * surprise ('a' = 0 bits, 'b' = 0.5 ... 'z' = 12.5 or more). Counted over 40 MB of the base model's pretraining text
 * (SOURCES.md of models/base), each distinct word weighing the square root of its count.
 */
const surprise =
  'zhjhijjkkjnnkilkiqihimmkupsitkijqokpktngjgtkugiglmoqmqkgmopfuushoxgprgrxhkohuvyly' +
  'igulsguugizjjsufssjnhjxzzmwdiprmfrorgsumopirykkrkppwnxfjpjhlnnrnvsjkgomqfgjpmomot' +
  'ihurtghtxfwuiruguzhojiywumzdistrfumiiywkpkjszhkpjxsznxgfqsqeswugzwnongswknjkwqzlw' +
  'ljmhkjmkvtvpjkehmtkhhpkxrxmkfwrqerztjrqtrreqwpmrfqquvzehptqepqmgurkokkpzmhplvozlz' +
  'ggpqkfoqugyphoshqzsklkotzhyhfkprfrvugzwpjpghzrkskvwzmzfisiihngqisoprmjstrhgnosvos' +
  'jmmkkpmlqmtniiekkwgjjhlkpotjgsrqftsiiythqtgjzgkjjutynzknqrrsuzvnuukqtvuzvqraztzzz' +
  'ggolkfpmrgxnnllhowlijlnrykwdkrkshrujiyonmqjkssigkupzoxfhtoufrvhfzxmqriszijkkupzks' +
  'ljkjkjokujvqhigpjxgghurvrsrkgwrucvttezysstirzqqvqvzxpzhfqrofqvhfzqlrjgszkjprzrzpz' +
  'fiqhshpsmgzzppslfsusglptnlxblomnjrqslyulllkkznjlquqvuqgfqrsdssngzqmpphvuqoqlsrvlk'

const edge = 96 // the character before 'a' stands for a word's edge

/** Mean surprise of a lower-case a..z word's letter pairs, in bits: English words 3 to 5, hands on a keyboard 5.5 to 10. */
export function lettersSurprise(word: string): number {
  let half = 0
  let before = 0
  for (let i = 0; i <= word.length; i++) {
    const letter = i < word.length ? word.charCodeAt(i) - edge : 0
    half += surprise.charCodeAt(before * 27 + letter) - 97
    before = letter
  }
  return half / 2 / (word.length + 1)
}
