//! Values that many entries share, stored once and referred to by a number.

use std::borrow::Borrow;
use std::hash::Hash;

use hashbrown::HashMap;

/// The number of a value. [`ValueId::NONE`] stands for no value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ValueId(u32);

impl ValueId {
    pub(crate) const NONE: Self = Self(0);

    fn at(self) -> Option<usize> {
        usize::try_from(self.0.checked_sub(1)?).ok()
    }
}

/// The values, with the number of their users. A value without users is removed, and its number is
/// used again.
#[derive(Debug)]
pub(crate) struct Interner<T> {
    values: Vec<(T, usize)>,
    ids: HashMap<T, ValueId>,
    free: Vec<ValueId>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            ids: HashMap::new(),
            free: Vec::new(),
        }
    }
}

impl<T: Clone + Eq + Hash> Interner<T> {
    /// The value of a number.
    pub(crate) fn get(&self, id: ValueId) -> Option<&T> {
        self.values.get(id.at()?).map(|(value, _)| value)
    }

    /// The number of a value that has users.
    pub(crate) fn find<Q>(&self, value: &Q) -> Option<ValueId>
    where
        T: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.ids.get(value).copied()
    }

    /// Adds a user of a value. `new` makes the value if it is stored for the first time.
    pub(crate) fn acquire<Q>(&mut self, value: &Q, new: impl FnOnce(&Q) -> T) -> ValueId
    where
        T: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some(id) = self.find(value) {
            if let Some((_, users)) = id.at().and_then(|at| self.values.get_mut(at)) {
                *users += 1;
            }
            return id;
        }
        let value = new(value);
        let id = self.free.pop().unwrap_or_else(|| {
            let next = u32::try_from(self.values.len() + 1).unwrap_or(u32::MAX);
            ValueId(next)
        });
        let stored = (value.clone(), 1);
        match id.at().and_then(|at| self.values.get_mut(at)) {
            Some(free) => *free = stored,
            None => self.values.push(stored),
        }
        self.ids.insert(value, id);
        id
    }

    /// Removes a user of a value.
    pub(crate) fn release(&mut self, id: ValueId) {
        let Some((value, users)) = id.at().and_then(|at| self.values.get_mut(at)) else {
            return;
        };
        *users = users.saturating_sub(1);
        if *users == 0 && self.ids.remove(value).is_some() {
            self.free.push(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_stored_once_until_its_last_user_is_gone() {
        let mut texts = Interner::<String>::default();
        let shop = texts.acquire("shop", str::to_owned);
        assert_eq!(texts.acquire("shop", str::to_owned), shop);
        let data = texts.acquire("data", str::to_owned);
        assert_ne!(shop, data);
        texts.release(shop);
        assert_eq!(texts.get(shop).map(String::as_str), Some("shop"));
        texts.release(shop);
        assert_eq!(texts.find("shop"), None);
        let next = texts.acquire("payments", str::to_owned);
        assert_eq!(next, shop, "the number is used again");
        assert_eq!(texts.get(next).map(String::as_str), Some("payments"));
        texts.release(ValueId::NONE);
        assert_eq!(texts.get(ValueId::NONE), None);
    }
}
