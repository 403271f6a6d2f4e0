/**
 * What the core can be asked to do (`act`) and to tell (`read`), by its numbers. What they take and answer is told at the head of
 * `src/js.rs`, which holds the same numbers.
 */
export const POND_NEW = 0;
export const POND_FREE = 1;
export const POND_RESIZE = 2;
export const LANE_NEW = 3;
export const LANE_FREE = 4;
export const LANE_RESIZE = 5;
export const LANE_CAPACITY = 6;
export const LANE_PAUSE = 7;
export const LANE_CLOSE = 8;
export const LANE_HOLD = 9;
export const SUBMIT = 10;
export const FINISH = 11;
export const NEXT = 12;
export const WITHDRAW = 13;
export const SET_PRIORITY = 14;
export const SET_CLOCK = 15;
export const DUE = 16;
export const LANE_RATE = 17;
export const LANE_HOLD_UNTIL = 18;
export const EVICT = 19;

/** Smaller numbers are the counters of a lane or a pond, see `stats.ts`. */
export const NEXT_DEADLINE = 13;
export const NEXT_EXPIRY = 14;
/** The task or lane the last answer of `DUE`, `SUBMIT` or `EVICT` was about. */
export const SUBJECT = 15;
export const NEXT_RESUMPTION = 16;
/** Whether a task could start now and overtake nobody; with its weight less one in the bits from 8. */
export const STARTS = 17;
