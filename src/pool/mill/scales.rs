//! Lanes whose limit follows demand: who they are, and when their rule is to be asked.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::{Rc, Weak};

use super::super::waits::What;
use super::Mill;
use crate::limit::Limit;
use crate::state::scale::Scale;
use crate::state::{Id, Time};

/// Is told when its lane has become smaller.
pub(crate) trait Shrinks {
    fn shrunk(&self, size: u32);
}

/// The lanes of variable size.
#[derive(Default)]
pub(super) struct Scales {
    lanes: RefCell<HashMap<Id, Entry>>,
    /// When which lane takes its next step; nothing of a lane that waits for none.
    steps: RefCell<BTreeMap<(Time, u32), Id>>,
}

struct Entry {
    scale: Scale,
    shrinks: Option<Weak<dyn Shrinks>>,
}

impl Scales {
    #[inline]
    fn is_empty(&self) -> bool {
        self.lanes.borrow().is_empty()
    }

    /// When the first step is due.
    #[inline]
    pub(super) fn next(&self) -> Time {
        if self.is_empty() { Time::NEVER } else { self.steps.borrow().first_key_value().map_or(Time::NEVER, |((at, _), _)| *at) }
    }

    fn insert(&self, lane: Id, entry: Entry) {
        self.remove(lane);
        self.enlist(lane, &entry.scale);
        self.lanes.borrow_mut().insert(lane, entry);
    }

    fn remove(&self, lane: Id) {
        let entry = self.lanes.borrow_mut().remove(&lane);
        if let Some(entry) = entry {
            self.steps.borrow_mut().remove(&(entry.scale.next(), lane.raw()));
        }
    }

    fn enlist(&self, lane: Id, scale: &Scale) {
        if scale.next() != Time::NEVER {
            self.steps.borrow_mut().insert((scale.next(), lane.raw()), lane);
        }
    }

    /// Asks the rule of a lane; gives the new size, if there is one.
    fn ask(&self, lane: Id, ask: impl FnOnce(&mut Scale) -> bool) -> Option<u32> {
        let mut lanes = self.lanes.borrow_mut();
        let scale = &mut lanes.get_mut(&lane)?.scale;
        self.steps.borrow_mut().remove(&(scale.next(), lane.raw()));
        let changed = ask(scale);
        self.enlist(lane, scale);
        changed.then(|| scale.size())
    }

    /// A lane whose step is due.
    fn due(&self, now: Time) -> Option<Id> {
        self.steps.borrow().first_key_value().filter(|((at, _), _)| *at <= now).map(|(_, lane)| *lane)
    }

    fn shrinks(&self, lane: Id) -> Option<Rc<dyn Shrinks>> {
        self.lanes.borrow().get(&lane)?.shrinks.as_ref()?.upgrade()
    }
}

impl Mill {
    /// Has the limit of a lane follow its demand from now on.
    pub(crate) fn autoscale(self: &Rc<Self>, lane: Id, scale: Scale, shrinks: Option<Weak<dyn Shrinks>>) {
        self.clocked.set(true);
        self.scales.insert(lane, Entry { scale, shrinks });
        self.set_size(lane, Some(scale.size()));
        self.rescale(lane);
        self.change(lane, |_, _| ());
    }

    /// Has the limit of a lane stay as it is.
    pub(crate) fn fix_scale(&self, lane: Id) {
        self.scales.remove(lane);
    }

    /// Grows a lane for a task of that weight that is about to come, if that is how it grows.
    #[inline]
    pub(crate) fn stretch(&self, lane: Id, weight: u32) {
        if !self.scales.is_empty() {
            self.ask_to_stretch(lane, weight);
        }
    }

    fn ask_to_stretch(&self, lane: Id, weight: u32) {
        let demand = self.look(|pond| pond.demand(lane)).saturating_add(weight);
        self.set_size(lane, self.scales.ask(lane, |scale| scale.stretch(demand)));
    }

    /// Tells a lane's rule the demand there is. A lane that will have no more tasks has no rule any more.
    #[inline]
    pub(crate) fn rescale(&self, lane: Id) {
        if !self.scales.is_empty() {
            self.ask_scale(lane);
        }
    }

    fn ask_scale(&self, lane: Id) {
        if self.look(|pond| pond.is_closed(lane) && pond.is_drained(lane)) {
            return self.scales.remove(lane);
        }
        let demand = self.look(|pond| pond.demand(lane)).saturating_add(self.waits.count(lane, What::Room) as u32);
        self.set_size(lane, self.scales.ask(lane, |scale| scale.tell(demand, self.time())));
    }

    /// Takes every step that is due.
    pub(super) fn serve_scales(self: &Rc<Self>, now: Time) {
        while let Some(lane) = self.scales.due(now) {
            let before = self.look(|pond| pond.lane_limit(lane));
            let size = self.scales.ask(lane, |scale| scale.step(now));
            self.set_size(lane, size);
            self.tell_observers();
            self.pump();
            self.notify(lane);
            if let Some((size, shrinks)) =
                size.filter(|&size| before.is_some_and(|before| size < before.get())).zip(self.scales.shrinks(lane))
            {
                shrinks.shrunk(size);
            }
        }
    }

    fn set_size(&self, lane: Id, size: Option<u32>) {
        if let Some(limit) = size.and_then(Limit::new) {
            let before = self.facets(lane);
            self.pond.borrow_mut().resize_lane(lane, limit);
            self.note_change(lane, before);
        }
    }
}
