export { keyLines } from './key-lines.ts';
export {
  type Keys,
  readYaml,
  refuseYaml,
  type Value,
  Yaml,
  type YamlFile,
  type YamlProblem,
} from './yaml.ts';
