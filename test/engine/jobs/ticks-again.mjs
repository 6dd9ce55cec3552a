export { default } from './ticks.mjs'
