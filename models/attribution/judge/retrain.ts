export * from '../retrain.ts'
