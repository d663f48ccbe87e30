// What the session asks of a policy: what is wrong with it, and what it decides.

export {decide} from './decide.mjs';
export {next} from './next.mjs';
export {compilePolicy} from './policy.mjs';
export {policyProblems} from './problems.mjs';
export {policyTypeOf} from './types.mjs';
export {extend, release, settle} from './settle.mjs';
