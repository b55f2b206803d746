// The operations of the graph. This is the module that readers and `tsc` see; in a page it is written by Python, from
// the declarations of the rule book: see `number_systems/scripts.py`.

/**
 * One operation on some number of inputs; settings come after the inputs. `misplaced` is its derivative taken at the
 * input where it should be taken at the output, for operations whose derivative knows the output.
 * @typedef {{ forward: (...inputs: number[]) => number, locals: (y: number, ...inputs: number[]) => number[],
 *   misplaced?: (...inputs: number[]) => number[] }} Rule
 */

/** @type {Rule[]} */
export const rules = [];
