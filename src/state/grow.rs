//! Adding to a vector. There is no error to tell where memory has run out, and nothing to go on with: the process ends.
//!
//! [`Vec::push`] does the same, and brings the text of the panic and what formats it into a module that travels as text.

pub(crate) fn push<T>(vec: &mut Vec<T>, value: T) {
    if vec.try_reserve(1).is_err() || vec.len() == vec.capacity() {
        std::process::abort();
    }
    vec.push(value);
}

/// Puts a value where an index says, at most one past the end.
pub(crate) fn put<T>(vec: &mut Vec<T>, index: u32, value: T) {
    match vec.get_mut(index as usize) {
        Some(place) => *place = value,
        None => push(vec, value),
    }
}

/// Puts a value where an index says; what is not there yet before it is `gap`.
pub(crate) fn put_far<T: Copy>(vec: &mut Vec<T>, index: usize, value: T, gap: T) {
    while vec.len() < index {
        push(vec, gap);
    }
    put(vec, index as u32, value);
}
