//! What messages of protocol buffers say, by the descriptors that an operator supplies.
//!
//! A message does not name its fields, so only descriptors can tell policy what an agent sends. A
//! server with newer ones would read more in a message than is seen here; so whatever the
//! descriptors do not know, a field as much as a value of an enumeration, makes a message
//! unreadable. It must never show a message that has more in it than it shows.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor,
    ReflectMessage, Value as Field,
};
use serde_json::{Map, Number, Value};

/// The services and messages of a `FileDescriptorSet`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Descriptors(DescriptorPool);

/// What one method takes.
#[derive(Clone, Debug)]
pub struct Method {
    input: MessageDescriptor,
    /// How many messages a call of it holds.
    pub messages: Messages,
}

/// How many messages a call holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Messages {
    /// One.
    One,
    /// Any number: the client streams.
    Stream,
}

/// Why a message cannot be shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unfit {
    /// It is no message of that type, or has a number that no JSON can hold.
    Malformed,
    /// It holds more values than are shown.
    Size,
    /// A field, or a value of an enumeration, that the descriptors do not know.
    Unknown,
}

impl Descriptors {
    /// Reads a `FileDescriptorSet`, as `protoc --include_imports --descriptor_set_out` writes it.
    ///
    /// # Errors
    /// What is wrong with it: it is none, something in it is not defined, or it has no service.
    pub fn read(set: &[u8]) -> Result<Self, String> {
        let pool = DescriptorPool::decode(set).map_err(|why| why.to_string())?;
        if pool.services().len() == 0 {
            return Err("it holds no service".to_owned());
        }
        Ok(Self(pool))
    }

    /// The method `package.Service/Method`.
    pub fn method(&self, name: &str) -> Option<Method> {
        let (service, method) = name.split_once('/')?;
        let service = self.0.get_service_by_name(service)?;
        let method = service.methods().find(|one| one.name() == method)?;
        let messages = if method.is_client_streaming() { Messages::Stream } else { Messages::One };
        Some(Method { input: method.input(), messages })
    }
}

impl Method {
    /// Reads one message, whole. `room` is how many values may still be shown, and shrinks.
    ///
    /// Fields have the names of the `.proto` file. One that has no presence is always there, with
    /// its default; one that has is there if it was sent. Integers of every size are numbers, enums
    /// their names, bytes base64, and `google.protobuf` types messages like all others.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn message(&self, bytes: Bytes, room: &mut usize) -> Result<Value, Unfit> {
        let message = DynamicMessage::decode(self.input.clone(), bytes);
        shown(&message.map_err(|_| Unfit::Malformed)?, room)
    }
}

fn shown(message: &DynamicMessage, room: &mut usize) -> Result<Value, Unfit> {
    if message.unknown_fields().next().is_some() {
        return Err(Unfit::Unknown);
    }
    let mut object = Map::new();
    for field in message.descriptor().fields() {
        if field.supports_presence() && !message.has_field(&field) {
            continue;
        }
        let value = whole(&message.get_field(&field), &field, room)?;
        object.insert(field.name().to_owned(), value);
    }
    for (extension, value) in message.extensions() {
        // Lists and maps of extensions are rare enough to be refused.
        if extension.cardinality() == Cardinality::Repeated {
            return Err(Unfit::Unknown);
        }
        let value = single(value, &extension.kind(), room)?;
        object.insert(format!("[{}]", extension.full_name()), value);
    }
    Ok(Value::Object(object))
}

/// The value of a field, with all of a list and of a map.
fn whole(value: &Field, field: &FieldDescriptor, room: &mut usize) -> Result<Value, Unfit> {
    match value {
        Field::List(list) => {
            spend(room)?;
            list.iter().map(|item| single(item, &field.kind(), room)).collect()
        }
        Field::Map(map) => {
            spend(room)?;
            let Kind::Message(entry) = field.kind() else { return Err(Unfit::Malformed) };
            let kind = entry.map_entry_value_field().kind();
            let entry = |(key, value)| Ok((name(key), single(value, &kind, room)?));
            map.iter().map(entry).collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
        value => single(value, &field.kind(), room),
    }
}

fn single(value: &Field, kind: &Kind, room: &mut usize) -> Result<Value, Unfit> {
    spend(room)?;
    Ok(match (value, kind) {
        (Field::Bool(value), _) => (*value).into(),
        (Field::I32(value), _) => (*value).into(),
        (Field::I64(value), _) => (*value).into(),
        (Field::U32(value), _) => (*value).into(),
        (Field::U64(value), _) => (*value).into(),
        (Field::F32(value), _) => float(f64::from(*value))?,
        (Field::F64(value), _) => float(*value)?,
        (Field::String(value), _) => value.as_str().into(),
        (Field::Bytes(value), _) => BASE64_STANDARD.encode(value).into(),
        (Field::EnumNumber(number), Kind::Enum(kind)) => {
            kind.get_value(*number).ok_or(Unfit::Unknown)?.name().into()
        }
        (Field::Message(message), _) => shown(message, room)?,
        (Field::EnumNumber(_) | Field::List(_) | Field::Map(_), _) => {
            return Err(Unfit::Malformed);
        }
    })
}

/// JSON has no infinities, and a text in place of one would compare as larger than any number.
fn float(value: f64) -> Result<Value, Unfit> {
    Number::from_f64(value).map(Value::Number).ok_or(Unfit::Malformed)
}

fn name(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}

/// Two bytes can stand for a message with hundreds of defaults, so what is shown is counted too.
fn spend(room: &mut usize) -> Result<(), Unfit> {
    *room = room.checked_sub(1).ok_or(Unfit::Size)?;
    Ok(())
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the message is malformed",
            Self::Size => "the message holds too many values",
            Self::Unknown => "the message holds what the descriptors do not know",
        })
    }
}

impl std::error::Error for Unfit {}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Descriptors, Messages, Unfit};
    use bytes::Bytes;
    use prost_reflect::prost::Message;
    use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
    use prost_reflect::prost_types::{
        DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
        FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
    };
    use serde_json::{Value, json};

    fn field(number: i32, name: &str, kind: Type, of: Option<&str>) -> FieldDescriptorProto {
        FieldDescriptorProto {
            name: Some(name.into()),
            number: Some(number),
            r#type: Some(kind.into()),
            label: Some(Label::Optional.into()),
            type_name: of.map(Into::into),
            ..FieldDescriptorProto::default()
        }
    }

    fn method(name: &str, streams: Option<bool>) -> MethodDescriptorProto {
        MethodDescriptorProto {
            name: Some(name.into()),
            input_type: Some(".shop.Sale".into()),
            output_type: Some(".shop.Sale".into()),
            client_streaming: streams,
            ..MethodDescriptorProto::default()
        }
    }

    /// `shop.Till` with `Pay` and the stream `Book`, both of `shop.Sale`.
    pub(crate) fn till() -> Vec<u8> {
        let value = |name: &str, number| EnumValueDescriptorProto {
            name: Some(name.into()),
            number: Some(number),
            ..EnumValueDescriptorProto::default()
        };
        let mut tags = field(6, "tags", Type::String, None);
        tags.label = Some(Label::Repeated.into());
        let sale = DescriptorProto {
            name: Some("Sale".into()),
            field: vec![
                field(1, "amount", Type::Int64, None),
                field(2, "to", Type::String, None),
                field(3, "sort", Type::Enum, Some(".shop.Sort")),
                field(4, "next", Type::Message, Some(".shop.Sale")),
                field(5, "rate", Type::Double, None),
                tags,
            ],
            ..DescriptorProto::default()
        };
        let file = FileDescriptorProto {
            name: Some("shop.proto".into()),
            package: Some("shop".into()),
            syntax: Some("proto3".into()),
            message_type: vec![sale],
            enum_type: vec![EnumDescriptorProto {
                name: Some("Sort".into()),
                value: vec![value("CASH", 0), value("CARD", 1)],
                ..EnumDescriptorProto::default()
            }],
            service: vec![ServiceDescriptorProto {
                name: Some("Till".into()),
                method: vec![method("Pay", None), method("Book", Some(true))],
                ..ServiceDescriptorProto::default()
            }],
            ..FileDescriptorProto::default()
        };
        FileDescriptorSet { file: vec![file] }.encode_to_vec()
    }

    fn pay(message: &[u8], mut room: usize) -> Result<Value, Unfit> {
        let method = Descriptors::read(&till()).unwrap().method("shop.Till/Pay").unwrap();
        method.message(Bytes::copy_from_slice(message), &mut room)
    }

    #[test]
    fn a_message_is_shown_whole_with_its_defaults() {
        let empty = json!({ "amount": 0, "to": "", "sort": "CASH", "rate": 0.0, "tags": [] });
        assert_eq!(pay(b"", 100), Ok(empty.clone()));
        let full = pay(b"\x08\x07\x12\x03Zoe\x18\x01\x22\x00\x32\x01a\x32\x01b", 100);
        let tags = ["a", "b"];
        assert_eq!(
            full,
            Ok(json!({ "amount": 7, "to": "Zoe", "sort": "CARD", "next": empty, "rate": 0.0,
                "tags": tags }))
        );
        let largest = pay(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 100).unwrap();
        assert_eq!(largest["amount"], json!(i64::MAX));
        assert_eq!(pay(b"\x08\x07\x08\x09", 100).unwrap()["amount"], 9, "the last one counts");
    }

    #[test]
    fn what_cannot_be_shown_makes_a_message_unfit() {
        for (message, why) in [
            (&b"\x78\x01"[..], Unfit::Unknown),
            (b"\x22\x02\x78\x01", Unfit::Unknown),
            (b"\x18\x02", Unfit::Unknown),
            (b"\x12\x05Zoe", Unfit::Malformed),
            (b"\x12\x01\xff", Unfit::Malformed),
            (b"\x0a\x01\x07", Unfit::Malformed),
            (b"\x29\0\0\0\0\0\0\xf8\x7f", Unfit::Malformed),
        ] {
            assert_eq!(pay(message, 100), Err(why), "{message:?}");
        }
        let deep = (0..200).fold(Vec::new(), |inner: Vec<u8>, _| {
            let mut outer = vec![0x22];
            prost_reflect::prost::encoding::encode_varint(inner.len() as u64, &mut outer);
            outer.extend(inner);
            outer
        });
        assert_eq!(pay(&deep, 100_000), Err(Unfit::Malformed));
        assert!(pay(b"", 5).is_ok());
        assert_eq!(pay(b"", 4), Err(Unfit::Size));
    }

    #[test]
    fn descriptors_name_their_methods() {
        let all = Descriptors::read(&till()).unwrap();
        assert_eq!(all.method("shop.Till/Pay").unwrap().messages, Messages::One);
        assert_eq!(all.method("shop.Till/Book").unwrap().messages, Messages::Stream);
        for unknown in ["shop.Till/pay", "shop.till/Pay", "Till/Pay", "shop.Till", ""] {
            assert!(all.method(unknown).is_none(), "{unknown}");
        }
        assert!(Descriptors::read(b"").unwrap_err().contains("no service"));
        assert!(Descriptors::read(b"syntax = \"proto3\";").is_err());
    }
}
