// A program that needs nothing but a limit.
import pLimit from 'p-limit';

export const first = (task) => pLimit(10)(task);
