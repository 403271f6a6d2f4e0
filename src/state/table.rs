//! Growing tables. In pieces, what is in one never moves.
//!
//! A vector that grows is there twice for a moment, and then has room for twice what was in it. The memory of a wasm module never shrinks, so
//! there that is for good; elsewhere it is not, and the second look-up costs more than it saves.

use super::grow::push;

/// The bytes of a piece: a page of a wasm module's memory.
const PAGE: usize = 65_536;

/// Records by index, without gaps.
#[derive(Debug)]
pub(super) struct Table<T, const PIECES: bool> {
    /// Of a table without pieces.
    whole: Vec<T>,
    /// All but the last are full.
    pieces: Vec<Vec<T>>,
}

impl<T, const PIECES: bool> Table<T, PIECES> {
    /// How many are in a piece.
    const SIZE: usize = PAGE / size_of::<T>();

    pub(super) const fn new() -> Self {
        Self { whole: Vec::new(), pieces: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        match self.pieces.last() {
            Some(last) if PIECES => (self.pieces.len() - 1) * Self::SIZE + last.len(),
            _ => self.whole.len(),
        }
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<&T> {
        if !PIECES {
            return self.whole.get(index);
        }
        self.pieces.get(index / Self::SIZE)?.get(index % Self::SIZE)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        if !PIECES {
            return self.whole.get_mut(index);
        }
        self.pieces.get_mut(index / Self::SIZE)?.get_mut(index % Self::SIZE)
    }

    pub(super) fn push(&mut self, value: T) {
        if !PIECES {
            return push(&mut self.whole, value);
        }
        if self.pieces.last().is_none_or(|last| last.len() == Self::SIZE) {
            let mut piece = Vec::new();
            // The first grows as it has to, as most tables are small. Where there is no room for all of another, there may be for one.
            let _or_less = piece.try_reserve_exact(if self.pieces.is_empty() { 0 } else { Self::SIZE });
            push(&mut self.pieces, piece);
        }
        if let Some(last) = self.pieces.last_mut() {
            push(last, value);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        (0..).map_while(|index| self.get(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four to a piece.
    type Long = [u16; PAGE / 8];

    #[test]
    fn is_one_row_over_all_pieces() {
        let mut table = Table::<Long, true>::new();
        for number in 0..19 {
            assert_eq!((table.len(), table.get(number).is_some()), (number, false));
            table.push([number as u16; PAGE / 8]);
        }
        (0..19).for_each(|index| table.get_mut(index).unwrap()[0] *= 2);
        assert!(table.iter().map(|long| (long[0], long[1])).eq((0..19).map(|number| (number * 2, number))));
        assert_eq!((table.len(), table.get(19), table.get(usize::MAX)), (19, None, None));
    }

    #[test]
    fn what_is_in_it_stays_where_it_is_and_little_is_left_over() {
        let mut table = Table::<Long, true>::new();
        let places = |table: &Table<Long, true>| table.iter().take(4).map(std::ptr::from_ref).collect::<Vec<_>>();
        (0..4).for_each(|_| table.push([0; PAGE / 8]));
        let before = places(&table);
        (0..9).for_each(|_| table.push([0; PAGE / 8]));
        assert_eq!(places(&table), before);
        assert_eq!(table.pieces.iter().map(Vec::capacity).collect::<Vec<_>>(), [4; 4]);
    }

    #[test]
    fn without_pieces_it_is_a_vector() {
        let mut table = Table::<Long, false>::new();
        (0..9).for_each(|_| table.push([0; PAGE / 8]));
        assert_eq!((table.len(), table.pieces.len(), table.get(8).is_some(), table.get(9)), (9, 0, true, None));
    }
}
