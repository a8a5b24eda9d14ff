/** Repeats work while its section is open and the page is looked at, one run at a time. */

/** @param {() => Promise<void>} work @param {() => number} everyMs */
export function poller(work, everyMs) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let isOpen = false;
  const run = async () => {
    clearTimeout(timer);
    if (!document.hidden) await work();
    clearTimeout(timer);
    if (isOpen) timer = setTimeout(run, everyMs());
  };
  document.addEventListener('visibilitychange', () => {
    if (isOpen && !document.hidden) void run();
  });
  return {
    start() {
      isOpen = true;
      void run();
    },
    stop() {
      isOpen = false;
      clearTimeout(timer);
    },
  };
}
