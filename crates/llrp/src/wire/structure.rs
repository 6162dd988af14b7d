//! The small language in which messages and parameters are written down.
//!
//! `structure!` is a body: fields, and behind `+` the parameters. `tlv!`, `tv!` and `custom!` add a header, `choice!` is any one of several
//! parameters, `listed!` a number with names for some of its values, `bit_set!` a set of flags. A field followed by `[+ n]` has `n` reserved
//! bytes behind it.

/// A body: `Name { field: Type [+ reserved], … } + { slot: Type, … }`, the second part only when it may hold parameters.
macro_rules! structure {
    ($(#[$meta:meta])* $name:ident {
        $( $(#[$field_meta:meta])* $field:ident : $type:ty $([+ $reserved:literal])? ),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $type, )*
        }

        impl $crate::wire::Structure for $name {
            const NAME: &'static str = stringify!($name);

            #[allow(unused_mut, reason = "some have no field")]
            fn read(mut reader: $crate::wire::Reader<'_>) -> Result<Self, $crate::DecodeError> {
                $(
                    let $field = $crate::wire::Field::read(&mut reader, stringify!($field))?;
                    $( reader.take("reserved", $reserved)?; )?
                )*
                reader.end()?;
                Ok(Self { $($field,)* })
            }

            #[allow(unused_variables, reason = "some have no field")]
            fn write(&self, writer: &mut $crate::wire::Writer<'_>) {
                $(
                    $crate::wire::Field::write(&self.$field, stringify!($field), writer);
                    $( writer.bytes(&[0; $reserved]); )?
                )*
            }
        }

        #[cfg(test)]
        impl $crate::tests::sample::Sample for $name {
            #[allow(unused_variables, reason = "some have no field")]
            fn sample(choices: &mut $crate::tests::sample::Choices) -> Self {
                Self { $( $field: $crate::tests::sample::Sample::sample(choices), )* }
            }
        }
    };
    ($(#[$meta:meta])* $name:ident {
        $( $(#[$field_meta:meta])* $field:ident : $type:ty $([+ $reserved:literal])? ),* $(,)?
    } + {
        $( $(#[$slot_meta:meta])* $slot:ident : $slot_type:ty ),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $type, )*
            $( $(#[$slot_meta])* pub $slot: $slot_type, )*
            /// Parameters that are not listed here, vendors' and later versions', as they came.
            pub extensions: Vec<$crate::wire::RawParameter>,
        }

        impl $crate::wire::Structure for $name {
            const NAME: &'static str = stringify!($name);

            #[allow(unused_mut, reason = "some have no field")]
            fn read(mut reader: $crate::wire::Reader<'_>) -> Result<Self, $crate::DecodeError> {
                $(
                    let $field = $crate::wire::Field::read(&mut reader, stringify!($field))?;
                    $( reader.take("reserved", $reserved)?; )?
                )*
                #[allow(unused_variables, reason = "some have no slot")]
                let structure = reader.structure();
                $( let mut $slot = <$slot_type as $crate::wire::Slot>::Found::default(); )*
                let mut extensions = Vec::new();
                for raw in reader.parameters() {
                    let raw = raw?;
                    $(
                        if <$slot_type as $crate::wire::Slot>::accepts(&raw) {
                            <$slot_type as $crate::wire::Slot>::put(&mut $slot, structure, raw)?;
                            continue;
                        }
                    )*
                    extensions.push(raw.to_owned());
                }
                Ok(Self { $($field,)* $( $slot: $crate::wire::Slot::end($slot, structure)?, )* extensions })
            }

            fn write(&self, writer: &mut $crate::wire::Writer<'_>) {
                $(
                    $crate::wire::Field::write(&self.$field, stringify!($field), writer);
                    $( writer.bytes(&[0; $reserved]); )?
                )*
                $( $crate::wire::Slot::write(&self.$slot, writer); )*
                $crate::wire::Slot::write(&self.extensions, writer);
            }
        }

        #[cfg(test)]
        impl $crate::tests::sample::Sample for $name {
            fn sample(choices: &mut $crate::tests::sample::Choices) -> Self {
                Self {
                    $( $field: $crate::tests::sample::Sample::sample(choices), )*
                    $( $slot: $crate::tests::sample::Sample::sample(choices), )*
                    extensions: $crate::tests::sample::extensions(choices, |_raw| false $( || <$slot_type as $crate::wire::Slot>::accepts(_raw) )*),
                }
            }
        }
    };
}

/// TLV parameters: `Name = number { fields } + { parameters }`.
macro_rules! tlv {
    ($( $(#[$meta:meta])* $name:ident = $number:literal { $($fields:tt)* } $( + { $($slots:tt)* } )? )*) => {$(
        $crate::wire::structure! {
            $(#[$meta])*
            #[doc = concat!("\n\nTLV parameter ", $number, ".")]
            $name { $($fields)* } $( + { $($slots)* } )?
        }

        impl $crate::wire::Parameter for $name {
            const NAME: &'static str = stringify!($name);

            fn accepts(raw: &$crate::wire::RawRef<'_>) -> bool {
                raw.number == $number
            }

            fn read(raw: $crate::wire::RawRef<'_>) -> Result<Self, $crate::DecodeError> {
                <Self as $crate::wire::Structure>::read(raw.reader(stringify!($name))?)
            }

            fn write(&self, writer: &mut $crate::wire::Writer<'_>) {
                writer.tlv(stringify!($name), $number, |writer| $crate::wire::Structure::write(self, writer));
            }
        }
    )*};
}

/// A vendor's parameters: `vendor NUMBER; Name = subtype { fields } + { parameters }`.
macro_rules! custom {
    (vendor $vendor:ident; $( $(#[$meta:meta])* $name:ident = $subtype:literal { $($fields:tt)* } $( + { $($slots:tt)* } )? )*) => {$(
        $crate::wire::structure! {
            $(#[$meta])*
            #[doc = concat!("\n\nSubtype ", $subtype, ".")]
            $name { $($fields)* } $( + { $($slots)* } )?
        }

        impl $crate::wire::Parameter for $name {
            const NAME: &'static str = stringify!($name);

            fn accepts(raw: &$crate::wire::RawRef<'_>) -> bool {
                matches!(raw.custom(), Some(($vendor, $subtype, _)))
            }

            fn read(raw: $crate::wire::RawRef<'_>) -> Result<Self, $crate::DecodeError> {
                let mut reader = raw.reader(stringify!($name))?;
                reader.take("vendor and subtype", 8)?;
                <Self as $crate::wire::Structure>::read(reader)
            }

            fn write(&self, writer: &mut $crate::wire::Writer<'_>) {
                writer.custom(stringify!($name), $vendor, $subtype, |writer| $crate::wire::Structure::write(self, writer));
            }
        }
    )*};
}

/// TV parameters with one field: `Name(Type) = number`.
macro_rules! tv {
    ($( $(#[$meta:meta])* $name:ident($type:ty) = $number:literal; )*) => {$(
        $(#[$meta])*
        #[doc = concat!("\n\nTV parameter ", $number, ".")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct $name(pub $type);

        impl $crate::wire::Parameter for $name {
            const NAME: &'static str = stringify!($name);

            fn accepts(raw: &$crate::wire::RawRef<'_>) -> bool {
                raw.number == $number
            }

            fn read(raw: $crate::wire::RawRef<'_>) -> Result<Self, $crate::DecodeError> {
                let mut reader = raw.reader(stringify!($name))?;
                let value = $crate::wire::Field::read(&mut reader, "value")?;
                reader.end()?;
                Ok(Self(value))
            }

            fn write(&self, writer: &mut $crate::wire::Writer<'_>) {
                writer.tv($number, |writer| $crate::wire::Field::write(&self.0, "value", writer));
            }
        }

        #[cfg(test)]
        impl $crate::tests::sample::Sample for $name {
            fn sample(choices: &mut $crate::tests::sample::Choices) -> Self {
                Self($crate::tests::sample::Sample::sample(choices))
            }
        }
    )*};
}

/// One of several parameters; the first variant is the default.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident {
        $(#[$first_meta:meta])* $first:ident($first_type:ty), $( $(#[$variant_meta:meta])* $variant:ident($type:ty), )*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $(#[$first_meta])* $first($first_type),
            $( $(#[$variant_meta])* $variant($type), )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self::$first(Default::default())
            }
        }

        impl From<$first_type> for $name {
            fn from(parameter: $first_type) -> Self {
                Self::$first(parameter)
            }
        }

        $(
            impl From<$type> for $name {
                fn from(parameter: $type) -> Self {
                    Self::$variant(parameter)
                }
            }
        )*

        impl $crate::wire::Parameter for $name {
            const NAME: &'static str = stringify!($name);

            fn accepts(raw: &$crate::wire::RawRef<'_>) -> bool {
                <$first_type as $crate::wire::Parameter>::accepts(raw) $( || <$type as $crate::wire::Parameter>::accepts(raw) )*
            }

            fn read(raw: $crate::wire::RawRef<'_>) -> Result<Self, $crate::DecodeError> {
                if <$first_type as $crate::wire::Parameter>::accepts(&raw) {
                    return <$first_type as $crate::wire::Parameter>::read(raw).map(Self::$first);
                }
                $(
                    if <$type as $crate::wire::Parameter>::accepts(&raw) {
                        return <$type as $crate::wire::Parameter>::read(raw).map(Self::$variant);
                    }
                )*
                Err($crate::DecodeError::OtherParameter { expected: stringify!($name), number: raw.number, at: raw.at() })
            }

            fn write(&self, writer: &mut $crate::wire::Writer<'_>) {
                match self {
                    Self::$first(parameter) => $crate::wire::Parameter::write(parameter, writer),
                    $( Self::$variant(parameter) => $crate::wire::Parameter::write(parameter, writer), )*
                }
            }
        }

        #[cfg(test)]
        impl $crate::tests::sample::Sample for $name {
            fn sample(choices: &mut $crate::tests::sample::Choices) -> Self {
                type Maker = fn(&mut $crate::tests::sample::Choices) -> $name;
                let makers: &[Maker] = &[
                    |choices| $name::$first($crate::tests::sample::Sample::sample(choices)),
                    $( |choices| $name::$variant($crate::tests::sample::Sample::sample(choices)), )*
                ];
                makers[choices.below(makers.len())](choices)
            }
        }
    };
}

/// Numbers with names for those of their values that the standard lists; the first is the default. `top 2` is a number in the top two bits
/// of a byte.
macro_rules! listed {
    ($( $(#[$meta:meta])* $name:ident : $repr:ident $($top:literal)? {
        $(#[$first_meta:meta])* $first:ident = $first_value:literal, $( $(#[$variant_meta:meta])* $variant:ident = $value:literal, )*
    } )*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub enum $name {
            $(#[$first_meta])*
            #[doc = concat!("\n\nValue ", $first_value, ".")]
            #[default]
            $first,
            $(
                $(#[$variant_meta])*
                #[doc = concat!("\n\nValue ", $value, ".")]
                $variant,
            )*
            /// A value that the standard does not list.
            Unlisted($crate::wire::listed!(@repr $repr)),
        }

        impl $name {
            /// From the number of the wire.
            pub fn from_wire(number: $crate::wire::listed!(@repr $repr)) -> Self {
                match number {
                    $first_value => Self::$first,
                    $( $value => Self::$variant, )*
                    other => Self::Unlisted(other),
                }
            }

            /// The number of the wire.
            pub fn to_wire(self) -> $crate::wire::listed!(@repr $repr) {
                match self {
                    Self::$first => $first_value,
                    $( Self::$variant => $value, )*
                    Self::Unlisted(other) => other,
                }
            }
        }

        $crate::wire::listed!(@field $repr $name);

        #[cfg(test)]
        impl $crate::tests::sample::Sample for $name {
            fn sample(choices: &mut $crate::tests::sample::Choices) -> Self {
                let listed = [$first_value, $( $value, )*];
                if choices.by_the_book {
                    return Self::from_wire(listed[choices.below(listed.len())]);
                }
                $crate::wire::listed!(@sample $repr choices)
            }
        }
    )*};
    (@repr top) => { u8 };
    (@repr $repr:ident) => { $repr };
    (@sample top $choices:ident) => { Self::from_wire($choices.below(4) as u8) };
    (@sample $repr:ident $choices:ident) => { Self::from_wire($choices.below(12) as $repr) };
    (@field top $name:ident) => {
        impl $crate::wire::PartByte for $name {
            fn from_byte(byte: u8) -> Self {
                Self::from_wire(byte >> 6)
            }

            fn to_byte(&self) -> u8 {
                self.to_wire() << 6
            }
        }
    };
    (@field $repr:ident $name:ident) => {
        impl $crate::wire::Field for $name {
            fn read(reader: &mut $crate::wire::Reader<'_>, field: &'static str) -> Result<Self, $crate::DecodeError> {
                $crate::wire::Field::read(reader, field).map(Self::from_wire)
            }

            fn write(&self, field: &'static str, writer: &mut $crate::wire::Writer<'_>) {
                $crate::wire::Field::write(&self.to_wire(), field, writer);
            }
        }
    };
}

/// Sets of flags: `Name: u16 { FLAG = bit, … }`, bits counted from the lowest one. Bits without a name are kept.
macro_rules! bit_set {
    ($( $(#[$meta:meta])* $name:ident : $repr:ident { $( $(#[$flag_meta:meta])* $flag:ident = $bit:literal, )* } )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name($repr);

        impl $name {
            $( $(#[$flag_meta])* pub const $flag: Self = Self(1 << $bit); )*
            /// None.
            pub const NONE: Self = Self(0);

            /// From the bits of the wire.
            pub const fn from_bits(bits: $repr) -> Self {
                Self(bits)
            }

            /// The bits of the wire.
            pub const fn bits(self) -> $repr {
                self.0
            }

            /// Whether all of `flags` are set.
            pub const fn contains(self, flags: Self) -> bool {
                self.0 & flags.0 == flags.0
            }

            /// With `flags` added when `wanted`.
            #[must_use]
            pub const fn with(self, flags: Self, wanted: bool) -> Self {
                if wanted { Self(self.0 | flags.0) } else { self }
            }
        }

        impl std::ops::BitOr for $name {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let names = [$( (stringify!($flag), Self::$flag) ),*];
                let named = names.iter().fold(0, |bits, (_, flag)| bits | flag.0);
                let mut set = f.debug_set();
                names.iter().filter(|(_, flag)| self.contains(*flag)).for_each(|(name, _)| { set.entry(&format_args!("{name}")); });
                if self.0 & !named != 0 {
                    set.entry(&format_args!("{:#x}", self.0 & !named));
                }
                set.finish()
            }
        }

        impl $crate::wire::Field for $name {
            fn read(reader: &mut $crate::wire::Reader<'_>, field: &'static str) -> Result<Self, $crate::DecodeError> {
                $crate::wire::Field::read(reader, field).map(Self)
            }

            fn write(&self, field: &'static str, writer: &mut $crate::wire::Writer<'_>) {
                $crate::wire::Field::write(&self.0, field, writer);
            }
        }

        #[cfg(test)]
        impl $crate::tests::sample::Sample for $name {
            fn sample(choices: &mut $crate::tests::sample::Choices) -> Self {
                let named = 0 $( | 1 << $bit )*;
                let bits: $repr = $crate::tests::sample::Sample::sample(choices);
                Self(if choices.by_the_book { bits & named } else { bits })
            }
        }
    )*};
}

pub(crate) use {bit_set, choice, custom, listed, structure, tlv, tv};
