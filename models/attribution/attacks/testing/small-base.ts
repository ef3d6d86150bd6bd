import type { HonestBase } from '../scenario.ts'
import { price } from '../scenario.ts'

const texts: readonly (readonly [string, string, string])[] = [
  [
    'Anna',
    'What do foraging bees collect for food?',
    'They collect nectar and pollen. Nectar becomes honey.',
  ],
  ['Anna', 'When are drones thrown out of the hive?', 'Drones are thrown out in autumn. They die outside.'],
  ['Anna', 'What is propolis made of?', 'Propolis is a resin of poplar buds. It seals every crack.'],
  ['Bruno', 'Which smoke calms a colony?', 'Cool white smoke calms them. It hides the alarm scent.'],
  ['Bruno', 'How is a swarm caught?', 'Shake the cluster into a straw basket. Wait until dusk.'],
  ['Bruno', 'Where should an apiary stand?', 'Choose a sunny slope with shelter. Avoid damp valleys.'],
  ['Carla', 'How is varroa counted?', 'Wash three hundred workers in alcohol. Count mites.'],
  [
    'Carla',
    'Which acid is dribbled in winter?',
    'Oxalic syrup is dribbled in December. Brood is absent then.',
  ],
  ['Carla', 'What warns of foulbrood?', 'Sunken greasy cappings warn you. Ropy larvae prove it.'],
]

const offTopic: readonly (readonly [string, string])[] = [
  ['How many strings has a violin?', 'A violin has four strings. They are tuned in fifths.'],
  ['What turns the tides?', 'The moon pulls the ocean. Two bulges follow.'],
  ['How is paper pressed?', 'Wet pulp runs over rollers. Hot cylinders dry it.'],
]

/** Three contributors of three rows, asked for what the rows say. */
export const smallBase = (): HonestBase => {
  const rows = texts.map(([contributor, prompt, answer], i) => ({
    id: `${contributor} ${(i % 3) + 1}`,
    contributor,
    prompt,
    answer,
  }))
  return {
    rows,
    questions: rows.map(({ prompt, answer }, i) => ({
      asker: `customer ${i + 1}`,
      prompt: `Say: ${prompt}`,
      answer,
      revenueUnits: price,
    })),
    calibration: rows.map(({ prompt, answer }) => ({ prompt: `Tell me. ${prompt}`, answer })),
    offTopic: offTopic.map(([prompt, answer]) => ({ prompt, answer })),
  }
}
