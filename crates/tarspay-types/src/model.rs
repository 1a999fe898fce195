//! The macros by which a table of members becomes a model: [`model!`] for what the gateway sends,
//! [`request!`] for what it is asked.

/// Makes a struct with its reading and writing from a table of members.
///
/// Each row: documentation, field, type, wire name, then other accepted wire names. A required
/// member that is absent, null or unreadable is an error with its name. An optional one is `None`
/// then, and also when it is an empty text, which for the gateway means "none"; what came stays in
/// `extra` under its wire name. Whatever else came is in `extra` too. Writing uses the first wire
/// name; a field that is set hides an extra member of that name.
macro_rules! model {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident {
            required { $(
                $(#[$required_doc:meta])*
                $required:ident : $required_type:ty = $required_wire:literal $(| $required_alias:literal)* ;
            )* }
            optional { $(
                $(#[$optional_doc:meta])*
                $optional:ident : $optional_type:ty = $optional_wire:literal $(| $optional_alias:literal)* ;
            )* }
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$required_doc])*
                #[doc = concat!(
                    "\n\nWire name `", $required_wire, "`", $(", also read from `", $required_alias, "`",)* "; required."
                )]
                pub $required: $required_type,
            )*
            $(
                $(#[$optional_doc])*
                #[doc = concat!(
                    "\n\nWire name `", $optional_wire, "`", $(", also read from `", $optional_alias, "`",)* "; optional."
                )]
                pub $optional: Option<$optional_type>,
            )*
            /// All other members, and optional ones whose value cannot be used, exactly as they came.
            pub extra: $crate::members::Members,
        }

        impl $name {
            /// Only what is required; every other field is `None`.
            const fn with_required($($required: $required_type),*) -> Self {
                Self { $($required,)* $($optional: None,)* extra: $crate::members::Members::new() }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut writer = $crate::members::Writer::new(serializer.serialize_map(None)?, &self.extra);
                $( writer.required($required_wire, &self.$required)?; )*
                $( writer.optional($optional_wire, self.$optional.as_ref())?; )*
                writer.finish()
            }
        }

        impl $crate::decode::Decode for $name {
            fn from_json(json: &str) -> Result<Self, $crate::decode::DecodeError> {
                let mut unread = $crate::decode::Unread::from_json(json)?;
                $( let $required = unread.require(&[$required_wire $(, $required_alias)*])?; )*
                $( let $optional = unread.optional(&[$optional_wire $(, $optional_alias)*]); )*
                Ok(Self { $($required,)* $($optional,)* extra: unread.into_members() })
            }
        }

        $crate::decode::deserialize_by_decode!($name);
    };
}
pub(crate) use model;

/// Makes a request from a table of members: struct, constructor, setters, checks, reading, writing,
/// and its [`Request`](crate::Request).
///
/// The head names what the call does, its path, its response and, if it is about one order, the
/// field with the merchant's number of it; then the fields that a response repeats (`echoes`), its
/// field with the merchant's number (`of`), and a function that checks what no single member shows
/// (`checked by`). Members of the block `new` are required and are the arguments of `new`. The
/// optional ones have setters.
///
/// Reading requires what `new` requires. An optional member that cannot be used stays in `extra`,
/// and `check` refuses it. `check` also requires every value to be
/// [`Outgoing`](crate::request::Outgoing), since identifiers are read more leniently than they may
/// be sent.
macro_rules! request {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident : $effect:ident, $path:literal -> $response:ty $(, about $order:ident)?
            $(, echoes { $($echoed:ident),* })? $(, of $merchant:ident)? $(, checked by $rule:path)? {
            $new_visibility:vis new { $(
                $(#[$new_doc:meta])*
                $new:ident : $new_type:ty = $new_wire:literal;
            )* }
            optional { $(
                $(#[$optional_doc:meta])*
                $optional:ident : $optional_type:ty = $optional_wire:literal;
            )* }
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$new_doc])*
                #[doc = concat!("\n\nWire name `", $new_wire, "`; required.")]
                pub $new: $new_type,
            )*
            $(
                $(#[$optional_doc])*
                #[doc = concat!("\n\nWire name `", $optional_wire, "`; optional.")]
                pub $optional: Option<$optional_type>,
            )*
            /// Members that are not documented, signed and sent like the rest; and, in a request
            /// that was read, optional members whose value cannot be used. Add to it by
            /// [`with_extra`](Self::with_extra).
            pub extra: $crate::members::Members,
        }

        impl $name {
            const MEMBERS: &'static [&'static str] = &[$($new_wire,)* $($optional_wire,)*];

            /// The request with all that is required.
            #[allow(clippy::new_without_default, reason = "only one of these has nothing to require")]
            $new_visibility const fn new($($new: $new_type),*) -> Self {
                Self { $($new,)* $($optional: None,)* extra: $crate::members::Members::new() }
            }

            $(
                #[doc = concat!("Sets the member `", $optional_wire, "`.\n\n")]
                $(#[$optional_doc])*
                #[must_use]
                pub fn $optional(mut self, $optional: impl Into<$optional_type>) -> Self {
                    self.$optional = Some($optional.into());
                    self
                }
            )*

            /// Sets a member that is not documented: a text, a whole number or a boolean. It is
            /// signed and sent like the rest.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::KnownMember`](crate::ErrorKind::KnownMember) when the member has a
            /// field of its own, [`MerchantGiven`](crate::ErrorKind::MerchantGiven) for `mchNo`,
            /// [`NotFlat`](crate::ErrorKind::NotFlat) for any other value, and the kinds of an
            /// identifier when the name is unfit.
            pub fn with_extra(
                mut self,
                name: impl Into<String>,
                value: &(impl serde::Serialize + ?Sized),
            ) -> Result<Self, $crate::error::Error> {
                self.extra.insert_flat(Self::MEMBERS, name.into(), value)?;
                Ok(self)
            }
        }

        impl $crate::request::Request for $name {
            type Response = $response;

            fn path(&self) -> std::borrow::Cow<'_, str> {
                std::borrow::Cow::Borrowed($path)
            }

            fn effect(&self) -> $crate::request::Effect {
                $crate::request::Effect::$effect
            }

            fn merchant_order_no(&self) -> Option<&$crate::text::MerchantOrderNo> {
                None $( .or(Option::from(&self.$order)) )?
            }

            $crate::model::is_answered_by! { $response { $($($echoed),*)? } $($merchant)? }

            fn check(&self) -> Result<(), $crate::error::Error> {
                #[allow(unused_imports, reason = "a request can have no members of its own")]
                use $crate::request::Outgoing as _;
                $( self.$new.check_outgoing($new_wire)?; )*
                $( self.extra.check_optional($optional_wire, self.$optional.as_ref())?; )*
                $( $rule(self)?; )?
                Ok(())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[allow(unused_mut, reason = "a request can have no members of its own")]
                let mut writer = $crate::members::Writer::new(serializer.serialize_map(None)?, &self.extra);
                $( writer.required($new_wire, &self.$new)?; )*
                $( writer.optional($optional_wire, self.$optional.as_ref())?; )*
                writer.finish()
            }
        }

        impl $name {
            #[allow(unused_mut, reason = "a request can have no members of its own")]
            fn read(mut unread: $crate::decode::Unread<'_>) -> Result<Self, $crate::decode::DecodeError> {
                $( let $new = unread.require(&[$new_wire])?; )*
                $( let $optional = unread.given($optional_wire); )*
                Ok(Self { $($new,)* $($optional,)* extra: unread.into_members() })
            }
        }

        impl $crate::decode::Decode for $name {
            fn from_json(json: &str) -> Result<Self, $crate::decode::DecodeError> {
                Self::read($crate::decode::Unread::from_json(json)?)
            }

            fn from_members(
                members: &$crate::members::Members,
            ) -> Result<Self, $crate::decode::DecodeError> {
                Self::read($crate::decode::Unread::of(members))
            }
        }

        $crate::decode::deserialize_by_decode!($name);
    };
}
pub(crate) use request;

/// [`Request::is_answered_by`](crate::Request::is_answered_by) for a response that names the fields
/// given.
macro_rules! is_answered_by {
    ($response:ty {}) => {};
    ($response:ty { $($echoed:ident),* } $($merchant:ident)?) => {
        fn is_answered_by(&self, merchant_no: &$crate::text::MerchantNo, response: &$response) -> bool {
            let _ = merchant_no;
            true $( && !$crate::model::differ(&self.$echoed, response.$echoed.as_ref()) )*
                $( && !$crate::model::differ(merchant_no, response.$merchant.as_ref()) )?
        }
    };
}
pub(crate) use is_answered_by;

/// Whether both are known, and not the same.
pub(crate) fn differ<'a, T: PartialEq + 'a>(asked: impl Into<Option<&'a T>>, named: Option<&T>) -> bool {
    asked.into().zip(named).is_some_and(|(asked, named)| asked != named)
}
