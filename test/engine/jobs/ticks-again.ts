export { default } from './ticks.js'
