//! What pictures are compared by: not their brightness but their edges, each with its direction.
//!
//! A picture is brought to a working size ([`scaled`]), its slopes are measured ([`gradient`]), the edges of the rack itself are found on
//! the reference ([`rack`]) and on the picture, which tells how one lies on the other ([`registration`]), and what is then to be compared is
//! summed up in small cells ([`cells`]), of which some show what was not there before ([`difference`]).

pub(crate) mod cells;
pub(crate) mod difference;
pub(crate) mod gradient;
pub(crate) mod opening;
pub(crate) mod rack;
pub(crate) mod registration;
pub(crate) mod scaled;
pub(crate) mod standing;
pub(crate) mod warp;
