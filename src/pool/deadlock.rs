//! Whether tasks that hold permits wait for each other for ever: the rule, over plain data.
//!
//! What is known of a running task is what it waits for ([`Wait`]). It is stuck if it waits for something, and all of that can
//! only come from tasks that are stuck: from the end of one that runs, or from a permit that only they can give back.
//! Whoever is not known to wait, or not for this pond alone, is free, and with him all whom he may help.
//!
//! How the waits come to be known, and how sure they are, is the matter of [`ties`].

pub(super) mod ties;

use std::collections::{HashMap, HashSet};

use crate::error::{Awaited, Deadlock, Scarce};
use crate::state::{Id, Pond};

/// What a running task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Wait {
    /// The end of a task.
    Task(Id),
    /// Room in the line of a lane; with its place among those who wait for that.
    Room(Id, u64),
    /// That nothing waits and nothing runs in a lane; with its place likewise.
    Drained(Id, u64),
}

/// A task that runs, and all that it waits for.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) ticket: Id,
    pub(super) waits: Vec<Wait>,
}

/// What is to end, so that the others can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Victim {
    /// A task, whether it waits or runs.
    Task(Id),
    /// The waiting for room of somebody.
    Room(Id, u64),
}

/// Tasks that are stuck, the oldest first.
#[derive(Debug)]
pub(super) struct Knot {
    holders: Vec<Holder>,
    tickets: HashSet<Id>,
    /// How many of them hold permits of a lane.
    lanes: HashMap<Id, u32>,
}

/// Finding it.
impl Knot {
    /// Those of `holders` who are stuck, if there are any.
    pub(super) fn find(pond: &Pond, mut holders: Vec<Holder>) -> Option<Self> {
        holders.retain(|holder| !holder.waits.is_empty());
        holders.sort_by_key(|holder| pond.number(holder.ticket));
        let mut knot = Self::of(pond, holders);
        while let Some(smaller) = knot.without_free(pond) {
            knot = smaller;
        }
        (!knot.holders.is_empty()).then_some(knot)
    }

    fn of(pond: &Pond, holders: Vec<Holder>) -> Self {
        let mut knot = Self { tickets: holders.iter().map(|holder| holder.ticket).collect(), holders, lanes: HashMap::new() };
        for holder in &knot.holders {
            *knot.lanes.entry(pond.lane_of(holder.ticket)).or_default() += 1;
        }
        knot
    }

    /// What is left without those who have hope; nothing if nobody has.
    fn without_free(&mut self, pond: &Pond) -> Option<Self> {
        let hopeless = |holder: &Holder| holder.waits.iter().all(|wait| self.is_hopeless(pond, wait));
        let stay: Vec<bool> = self.holders.iter().map(hopeless).collect();
        if stay.iter().all(|stay| *stay) {
            return None;
        }
        let holders = std::mem::take(&mut self.holders);
        Some(Self::of(pond, holders.into_iter().zip(stay).filter_map(|(holder, stay)| stay.then_some(holder)).collect()))
    }

    fn is_hopeless(&self, pond: &Pond, wait: &Wait) -> bool {
        match wait {
            Wait::Task(ticket) => match pond.is_waiting(*ticket) {
                Some(true) => self.is_shut(pond, pond.lane_of(*ticket)),
                Some(false) => self.tickets.contains(ticket),
                None => false,
            },
            Wait::Room(lane, _) => self.is_shut(pond, *lane),
            Wait::Drained(lane, _) => self.holds(*lane) > 0 || (pond.waiting_in(*lane) > 0 && self.is_shut(pond, *lane)),
        }
    }

    /// Nothing will ever start in the lane: whoever could give a permit back is stuck.
    fn is_shut(&self, pond: &Pond, lane: Id) -> bool {
        self.has_all_permits_of(pond, lane) || (pond.is_full_over_all(lane) && self.holders.len() as u32 == pond.running_in_all())
    }

    fn has_all_permits_of(&self, pond: &Pond, lane: Id) -> bool {
        pond.is_full(lane) && self.holds(lane) == pond.running_in(lane)
    }

    fn holds(&self, lane: Id) -> u32 {
        self.lanes.get(&lane).copied().unwrap_or_default()
    }

    pub(super) fn tickets(&self) -> impl Iterator<Item = Id> {
        self.holders.iter().map(|holder| holder.ticket)
    }
}

/// Telling it.
impl Knot {
    /// Who is to end, and why. Always the same for the same knot.
    ///
    /// Tasks that run and wait for each other are in nobody else's hands: the youngest of them. Else the youngest task in line that
    /// somebody waits for; else the youngest who waits for room, or, if nobody waits for a start at all, the youngest that runs.
    pub(super) fn verdict(&self, pond: &Pond) -> Option<(Victim, Deadlock)> {
        if let Some(ring) = self.ring(pond) {
            let youngest = ring.iter().map(|(ticket, _)| *ticket).max_by_key(|ticket| pond.number(*ticket))?;
            return Some((Victim::Task(youngest), Deadlock::new(Scarce::Nothing, told(pond, ring))));
        }
        let (victim, lane) = self.youngest_in_line(pond).or_else(|| self.youngest_for_room()).or_else(|| self.youngest(pond))?;
        Some((victim, self.shortage(pond, lane)))
    }

    fn waits(&self) -> impl Iterator<Item = &Wait> {
        self.holders.iter().flat_map(|holder| &holder.waits)
    }

    fn youngest_in_line(&self, pond: &Pond) -> Option<(Victim, Id)> {
        let in_line = self.waits().filter_map(|wait| match wait {
            Wait::Task(ticket) if pond.is_waiting(*ticket) == Some(true) => Some(*ticket),
            _ => None,
        });
        in_line.max_by_key(|ticket| pond.number(*ticket)).map(|ticket| (Victim::Task(ticket), pond.lane_of(ticket)))
    }

    fn youngest_for_room(&self) -> Option<(Victim, Id)> {
        let for_room = self.waits().filter_map(|wait| match wait {
            Wait::Room(lane, place) => Some((*lane, *place)),
            _ => None,
        });
        for_room.max_by_key(|(_, place)| *place).map(|(lane, place)| (Victim::Room(lane, place), lane))
    }

    fn youngest(&self, pond: &Pond) -> Option<(Victim, Id)> {
        self.holders.last().map(|holder| (Victim::Task(holder.ticket), pond.lane_of(holder.ticket)))
    }

    /// The deadlock of those whose permits a lane lacks.
    fn shortage(&self, pond: &Pond, lane: Id) -> Deadlock {
        let own = self.has_all_permits_of(pond, lane);
        let limit = if own { pond.lane_limit(lane) } else { Some(pond.limit()) }.map_or(0, |limit| limit.get());
        let all = self.holders.iter().filter(|holder| !own || pond.lane_of(holder.ticket) == lane);
        let waits = all.filter_map(|holder| Some((holder.ticket, *holder.waits.first()?))).collect();
        Deadlock::new(if own { Scarce::Pool(limit) } else { Scarce::Manager(limit) }, told(pond, waits))
    }

    /// Tasks that run and wait for each other, each for the next and the last for the first, if there are such.
    fn ring(&self, pond: &Pond) -> Option<Vec<(Id, Wait)>> {
        let leads = self.leads(pond);
        let mut way: Vec<(Id, Wait)> = Vec::new();
        let mut at = self.holders.iter().rev().map(|holder| holder.ticket).find(|ticket| leads.contains_key(ticket))?;
        loop {
            if let Some(start) = way.iter().position(|(ticket, _)| *ticket == at) {
                return Some(way.split_off(start));
            }
            let (wait, next) = leads.get(&at)?;
            way.push((at, *wait));
            at = *next;
        }
    }

    /// Where each task leads that waits for one that runs, which again does, and so on without end.
    fn leads(&self, pond: &Pond) -> HashMap<Id, (Wait, Id)> {
        let mut among = self.tickets.clone();
        loop {
            let leads: HashMap<_, _> =
                self.holders.iter().filter_map(|holder| Some((holder.ticket, self.lead(pond, holder, &among)?))).collect();
            if leads.len() == among.len() {
                return leads;
            }
            among = leads.into_keys().collect();
        }
    }

    /// The first that a task waits for and that runs.
    fn lead(&self, pond: &Pond, holder: &Holder, among: &HashSet<Id>) -> Option<(Wait, Id)> {
        if !among.contains(&holder.ticket) {
            return None;
        }
        let in_lane = |lane: Id, ticket: &Id| among.contains(ticket) && pond.lane_of(*ticket) == lane;
        holder.waits.iter().find_map(|wait| {
            let next = match wait {
                Wait::Task(ticket) => Some(*ticket).filter(|ticket| among.contains(ticket)),
                Wait::Drained(lane, _) if in_lane(*lane, &holder.ticket) => Some(holder.ticket),
                Wait::Drained(lane, _) => self.tickets().find(|ticket| in_lane(*lane, ticket)),
                Wait::Room(..) => None,
            };
            Some((*wait, next?))
        })
    }
}

/// Waits by the numbers that people see, the oldest first.
fn told(pond: &Pond, mut waits: Vec<(Id, Wait)>) -> Vec<(u64, Awaited)> {
    let number = |ticket| pond.number(ticket).unwrap_or_default();
    waits.sort_by_key(|(ticket, _)| number(*ticket));
    let awaited = |wait| match wait {
        Wait::Task(ticket) => Awaited::Task(number(ticket)),
        Wait::Room(..) => Awaited::Room,
        Wait::Drained(..) => Awaited::Drained,
    };
    waits.into_iter().map(|(ticket, wait)| (number(ticket), awaited(wait))).collect()
}

#[cfg(test)]
mod tests;
