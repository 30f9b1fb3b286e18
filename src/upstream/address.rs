//! Which addresses a name may lead to.
//!
//! A name in the configuration says *who*; the name service says *where*, and whoever can change
//! its answer (or wait for a time-to-live to end) could point a credential at this machine, at a
//! neighbour, or at the cloud's metadata service. So every address that a name resolves to is
//! checked here, and one forbidden address spoils the whole answer: picking the good ones out of a
//! bad answer would let an attacker choose when they get lucky.
//!
//! This file is pure: no sockets, no lookups, only ranges.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The kind of place an address outside the public Internet belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// Everyone on the local network: 255.255.255.255.
    Broadcast,
    /// A provider's inside, behind carrier-grade NAT: 100.64.0.0/10 (RFC 6598).
    CarrierNat,
    /// Set aside for examples in documents.
    Documentation,
    /// The local link: 169.254.0.0/16, fe80::/10.
    LinkLocal,
    /// This machine: 127.0.0.0/8, ::1.
    Loopback,
    /// A cloud's metadata service, which hands out the machine's own credentials.
    Metadata,
    /// A group of machines: 224.0.0.0/4, ff00::/8.
    Multicast,
    /// A private network: RFC 1918, unique local addresses (RFC 4193).
    Private,
    /// Set aside for other purposes, or not assigned.
    Reserved,
    /// No address, which many systems take for this machine: 0.0.0.0/8, ::.
    Unspecified,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broadcast => "a broadcast address",
            Self::CarrierNat => "a carrier-grade NAT address",
            Self::Documentation => "an address for documentation",
            Self::LinkLocal => "a link-local address",
            Self::Loopback => "a loopback address",
            Self::Metadata => "a cloud metadata address",
            Self::Multicast => "a multicast address",
            Self::Private => "a private address",
            Self::Reserved => "a reserved address",
            Self::Unspecified => "an unspecified address",
        })
    }
}

/// Whether a name may lead to `address`, given what the upstream allows.
///
/// # Errors
/// The place it belongs to, if that is not the public Internet and no network in `allowed`
/// contains it.
pub fn check(address: IpAddr, allowed: &[IpNet]) -> Result<(), Place> {
    // A v4-mapped address is that IPv4 address: it is what the socket would reach.
    let address = address.to_canonical();
    let Some(place) = place(address) else {
        return Ok(());
    };
    if allowed.iter().any(|network| network.contains(&address)) {
        return Ok(());
    }
    Err(place)
}

/// The place `address` belongs to; `None` for the public Internet.
pub fn place(address: IpAddr) -> Option<Place> {
    match address.to_canonical() {
        IpAddr::V4(v4) => place_v4(v4),
        IpAddr::V6(v6) => place_v6(v6),
    }
}

/// The metadata services that live at an address of their own: AWS, GCP, Azure and others; AWS
/// ECS and EKS; Oracle; Alibaba; Azure's wire server (which is a public address by number).
const METADATA_V4: [Ipv4Addr; 6] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
];

/// The same for IPv6: AWS, AWS EKS, GCP.
const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

/// IANA's IPv4 special-purpose registry, most specific first.
fn place_v4(address: Ipv4Addr) -> Option<Place> {
    if METADATA_V4.contains(&address) {
        return Some(Place::Metadata);
    }
    match address.octets() {
        [0, ..] => Some(Place::Unspecified),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some(Place::Private),
        [100, 64..=127, ..] => Some(Place::CarrierNat),
        [127, ..] => Some(Place::Loopback),
        [169, 254, ..] => Some(Place::LinkLocal),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some(Place::Documentation),
        // Protocol assignments, the withdrawn 6to4 relays, and benchmarking.
        [192, 0, 0, _] | [192, 88, 99, _] | [198, 18..=19, ..] => Some(Place::Reserved),
        [224..=239, ..] => Some(Place::Multicast),
        [255, 255, 255, 255] => Some(Place::Broadcast),
        [240..=255, ..] => Some(Place::Reserved),
        _ => None,
    }
}

/// IANA's IPv6 special-purpose registry; addresses that carry an IPv4 address are judged by it.
fn place_v6(address: Ipv6Addr) -> Option<Place> {
    if METADATA_V6.contains(&address) {
        return Some(Place::Metadata);
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(Place::Unspecified),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Place::Loopback),
        // IPv4-compatible (RFC 4291 §2.5.5.1), withdrawn: nothing public lives here.
        [0, 0, 0, 0, 0, 0, high, low] => place_v4(joined(high, low)).or(Some(Place::Reserved)),
        // NAT64 (RFC 6052).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => place_v4(joined(high, low)),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => place_v4(joined(high, low)),
        // Teredo (RFC 4380): the server's address, and the client's with every bit turned.
        [0x2001, 0, server_high, server_low, _, _, high, low] => {
            place_v4(joined(server_high, server_low)).or_else(|| place_v4(joined(!high, !low)))
        }
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some(Place::Documentation),
        // The rest of the IETF's protocol assignments: benchmarking, ORCHID and the like.
        [0x2001, 0..=0x1ff, ..] => Some(Place::Reserved),
        [0x2000..=0x3fff, ..] => None,
        [0xfc00..=0xfdff, ..] => Some(Place::Private),
        [0xfe80..=0xfebf, ..] => Some(Place::LinkLocal),
        [0xfec0..=0xfeff, ..] => Some(Place::Private),
        [0xff00..=0xffff, ..] => Some(Place::Multicast),
        // Nothing else is public: global unicast is 2000::/3.
        _ => Some(Place::Reserved),
    }
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::{Place, check, place};
    use ipnet::IpNet;
    use std::net::IpAddr;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn every_special_address_belongs_to_its_place() {
        for (text, expected) in [
            ("0.0.0.0", Place::Unspecified),
            ("0.1.2.3", Place::Unspecified),
            ("10.0.0.1", Place::Private),
            ("172.16.0.1", Place::Private),
            ("172.31.255.255", Place::Private),
            ("192.168.1.1", Place::Private),
            ("100.64.0.1", Place::CarrierNat),
            ("100.127.255.255", Place::CarrierNat),
            ("100.100.100.200", Place::Metadata),
            ("127.0.0.1", Place::Loopback),
            ("127.255.255.254", Place::Loopback),
            ("169.254.1.1", Place::LinkLocal),
            ("169.254.169.254", Place::Metadata),
            ("169.254.170.2", Place::Metadata),
            ("168.63.129.16", Place::Metadata),
            ("192.0.0.8", Place::Reserved),
            ("192.0.2.1", Place::Documentation),
            ("198.18.0.1", Place::Reserved),
            ("198.51.100.1", Place::Documentation),
            ("203.0.113.1", Place::Documentation),
            ("224.0.0.1", Place::Multicast),
            ("240.0.0.1", Place::Reserved),
            ("255.255.255.255", Place::Broadcast),
            ("::", Place::Unspecified),
            ("::1", Place::Loopback),
            ("::7f00:1", Place::Loopback),
            ("::808:808", Place::Reserved),
            ("::ffff:127.0.0.1", Place::Loopback),
            ("::ffff:169.254.169.254", Place::Metadata),
            ("64:ff9b::10.0.0.1", Place::Private),
            ("64:ff9b::169.254.169.254", Place::Metadata),
            ("64:ff9b:1::1", Place::Reserved),
            ("2002:7f00:1::", Place::Loopback),
            ("2002:a9fe:a9fe::1", Place::Metadata),
            ("2001:0:7f00:1::", Place::Loopback),
            ("2001:0:808:808::f5ff:fffe", Place::Private),
            ("2001:db8::1", Place::Documentation),
            ("3fff::1", Place::Documentation),
            ("2001:2::1", Place::Reserved),
            ("fc00::1", Place::Private),
            ("fd12:3456::1", Place::Private),
            ("fd00:ec2::254", Place::Metadata),
            ("fe80::1", Place::LinkLocal),
            ("fec0::1", Place::Private),
            ("ff02::1", Place::Multicast),
            ("100::1", Place::Reserved),
            ("4000::1", Place::Reserved),
        ] {
            assert_eq!(place(address(text)), Some(expected), "{text}");
            assert_eq!(check(address(text), &[]), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_public_address_needs_no_permission() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "::ffff:8.8.8.8",
        ] {
            assert_eq!(check(address(text), &[]), Ok(()), "{text}");
        }
    }

    #[test]
    fn permission_covers_its_network_and_nothing_else() {
        let allowed: Vec<IpNet> =
            vec!["10.1.0.0/16".parse().unwrap(), "fd12::/16".parse().unwrap()];
        for (text, expected) in [
            ("10.1.2.3", Ok(())),
            ("::ffff:10.1.2.3", Ok(())),
            ("fd12::1", Ok(())),
            ("10.2.0.1", Err(Place::Private)),
            ("fd13::1", Err(Place::Private)),
            ("64:ff9b::10.1.2.3", Err(Place::Private)),
            ("127.0.0.1", Err(Place::Loopback)),
        ] {
            assert_eq!(check(address(text), &allowed), expected, "{text}");
        }
    }
}
