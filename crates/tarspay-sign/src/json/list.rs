//! The members of one object: on the stack while they are few, as in every documented request.

use super::Member;
use std::iter::{Chain, Take};
use std::ops::{Deref, DerefMut};
use std::{array, vec};

/// The longest documented request has 13 members.
const FEW: usize = 16;

/// Members in their order; a slice for all that is not growing.
#[derive(Default)]
pub(crate) struct Members<'a> {
    few: [Member<'a>; FEW],
    /// How many of `few` there are; none once `many` holds them all.
    count: usize,
    many: Vec<Member<'a>>,
}

impl<'a> Members<'a> {
    #[inline]
    pub(super) fn push(&mut self, member: Member<'a>) {
        match self.few.get_mut(self.count) {
            Some(place) if self.many.is_empty() => {
                *place = member;
                self.count += 1;
            }
            _ => self.push_beyond(member),
        }
    }

    #[cold]
    fn push_beyond(&mut self, member: Member<'a>) {
        self.many.reserve(2 * FEW);
        self.many.extend(self.few.iter_mut().take(self.count).map(std::mem::take));
        self.count = 0;
        self.many.push(member);
    }
}

impl<'a> Deref for Members<'a> {
    type Target = [Member<'a>];

    fn deref(&self) -> &Self::Target {
        if self.many.is_empty() { &self.few[..self.count] } else { &self.many }
    }
}

impl DerefMut for Members<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        if self.many.is_empty() { &mut self.few[..self.count] } else { &mut self.many }
    }
}

impl<'a> IntoIterator for Members<'a> {
    type Item = Member<'a>;
    type IntoIter = Chain<Take<array::IntoIter<Member<'a>, FEW>>, vec::IntoIter<Member<'a>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.few.into_iter().take(self.count).chain(self.many)
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW, Member, Members};

    #[test]
    fn members_keep_their_order_beyond_the_stack() {
        for length in [0, 1, FEW - 1, FEW, FEW + 1, 5 * FEW] {
            let mut members = Members::default();
            for index in 0..length {
                members.push(Member { name: index.to_string().into(), ..Member::default() });
            }
            let names: Vec<_> = members.iter().map(|member| member.name.parse::<usize>().unwrap()).collect();
            assert_eq!(names, (0..length).collect::<Vec<_>>());
            assert_eq!(members.into_iter().count(), length);
        }
    }
}
