//! What a crane has one of for both sides of the aisle, or one for either.

use crate::location::Side;

/// None, one for both sides of the aisle, or one for either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sided<T> {
    /// It has none.
    #[default]
    None,
    /// One that serves both sides.
    One(T),
    /// One for either side, which work at the same time.
    Each {
        /// Of side `L`.
        left: T,
        /// Of side `R`.
        right: T,
    },
}

impl<T> Sided<T> {
    /// The one for a side. What has no side (an opaque code) is served by the only one, or by that of the left.
    pub fn on(&self, side: Option<Side>) -> Option<&T> {
        match (self, side) {
            (Self::None, _) => None,
            (Self::One(both), _) => Some(both),
            (Self::Each { left, .. }, Some(Side::Left) | None) => Some(left),
            (Self::Each { right, .. }, Some(Side::Right)) => Some(right),
        }
    }

    /// Whether there is any.
    pub fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// Whether there is one for either side.
    pub fn is_each(&self) -> bool {
        matches!(self, Self::Each { .. })
    }

    /// Every one, with its side where it has one; the left first.
    pub fn iter(&self) -> impl Iterator<Item = (Option<Side>, &T)> {
        let (first, second) = match self {
            Self::None => (None, None),
            Self::One(both) => (Some((None, both)), None),
            Self::Each { left, right } => (Some((Some(Side::Left), left)), Some((Some(Side::Right), right))),
        };
        first.into_iter().chain(second)
    }

    /// The same of what each becomes.
    pub fn map<U>(self, mut make: impl FnMut(T) -> U) -> Sided<U> {
        match self {
            Self::None => Sided::None,
            Self::One(both) => Sided::One(make(both)),
            Self::Each { left, right } => Sided::Each { left: make(left), right: make(right) },
        }
    }

    /// The same of something made from each.
    ///
    /// # Errors
    /// The first that cannot be made.
    pub fn try_map<U, E>(&self, mut make: impl FnMut(&T) -> Result<U, E>) -> Result<Sided<U>, E> {
        Ok(match self {
            Self::None => Sided::None,
            Self::One(both) => Sided::One(make(both)?),
            Self::Each { left, right } => Sided::Each { left: make(left)?, right: make(right)? },
        })
    }
}

impl<T> From<Option<T>> for Sided<T> {
    fn from(both: Option<T>) -> Self {
        both.map_or(Self::None, Self::One)
    }
}
