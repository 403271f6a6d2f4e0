//! millpond: concurrency-limited task queues on a local executor, native and in the browser.
