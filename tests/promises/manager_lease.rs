//! Promises of leases: as long as anybody has one, by whatever way it came, the pool stays.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use millpond::Pool;
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::TICK;
use super::manager_kit::{Estate, IDLE};

#[wasm_bindgen_test(unsupported = test)]
fn every_lease_counts_however_many_came_and_went_between() {
    let estate = Estate::<()>::new(|options| options.idle_timeout(IDLE));
    let get = || estate.manager.get(1).unwrap();
    let (first, second) = (get(), get());
    drop(first);
    let third = get();
    drop(second);
    estate.advance(IDLE * 2);
    assert!(estate.manager.contains(&1), "the third is there");
    let pool: Pool = (*third).clone();
    drop(third);
    drop((get(), get()));
    estate.advance(IDLE * 2);
    assert!(estate.manager.contains(&1), "its pool is there");
    drop(pool);
    estate.advance(IDLE - TICK);
    drop(get());
    estate.advance(IDLE - TICK);
    assert!(estate.manager.contains(&1), "it was used");
    estate.advance(TICK);
    assert!(!estate.manager.contains(&1), "nobody is there");
}

#[wasm_bindgen_test(unsupported = test)]
fn every_handle_that_can_submit_is_a_lease() {
    let estate = Estate::<()>::new(|options| options.idle_timeout(IDLE));
    let lease = estate.manager.get(1).unwrap();
    let (copy, pool): (_, Pool) = (lease.clone(), (*lease).clone());
    drop(lease);
    estate.advance(IDLE * 2);
    drop(copy);
    estate.advance(IDLE * 2);
    assert!(estate.manager.contains(&1), "its pool is still in hand");
    drop(pool);
    estate.advance(IDLE);
    assert!(!estate.manager.contains(&1));
}
