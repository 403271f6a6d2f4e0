// The least a limit can be, by hand: an array, two numbers, and a promise for each task. No context is kept, nothing can be cancelled,
// and there is no room for anybody else before the line is empty.

/** @returns `run(task, argument)` */
export function minimum(concurrency) {
  const line = [];
  let head = 0;
  let running = 0;

  const next = () => {
    running--;
    if (head === line.length) return;
    const { task, argument, resolve, reject } = line[head];
    line[head++] = undefined;
    // The part of the line that is behind is dropped, now and then.
    if (head > 1024 && head * 2 > line.length) {
      line.splice(0, head);
      head = 0;
    }
    start(task, argument, resolve, reject);
  };
  const start = (task, argument, resolve, reject) => {
    running++;
    task(argument).then((value) => {
      resolve(value);
      next();
    }, (error) => {
      reject(error);
      next();
    });
  };

  return (task, argument) => new Promise((resolve, reject) => {
    if (running < concurrency) start(task, argument, resolve, reject);
    else line.push({ task, argument, resolve, reject });
  });
}
