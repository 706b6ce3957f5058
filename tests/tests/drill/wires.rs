//! The network of a cluster on one machine: a namespace for each of its programs, with a cable to a bridge that the clouds reach too, so
//! that one can be cut off from all, or from some.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

/// A namespace, and the end of its cable at the bridge.
struct Place {
    namespace: String,
    cable: String,
    address: Ipv4Addr,
}

/// The network, until it is dropped.
pub struct Wires {
    bridge: String,
    places: Vec<Place>,
}

impl Wires {
    /// Lays cables to so many places. Fails where the system makes no namespaces: that takes root.
    pub fn lay(count: u8) -> anyhow::Result<Self> {
        let id = std::process::id();
        let net = u8::try_from(id % 250)?;
        let mut wires = Self {
            bridge: format!("drill{id}"),
            places: Vec::new(),
        };
        ip(&["link", "add", &wires.bridge, "type", "bridge"])?;
        ip(&["addr", "add", &format!("10.214.{net}.1/24"), "dev", &wires.bridge])?;
        ip(&["link", "set", &wires.bridge, "up"])?;
        for nth in 0..count {
            wires.lay_one(id, nth, Ipv4Addr::new(10, 214, net, 10 + nth))?;
        }
        Ok(wires)
    }

    fn lay_one(&mut self, id: u32, nth: u8, address: Ipv4Addr) -> anyhow::Result<()> {
        let (namespace, cable) = (format!("usher-drill-{id}-{nth}"), format!("dr{id}n{nth}"));
        ip(&["netns", "add", &namespace])?;
        let place = Place {
            namespace,
            cable,
            address,
        };
        let Place { namespace, cable, .. } = &place;
        ip(&[
            "link", "add", cable, "type", "veth", "peer", "name", "out", "netns", namespace,
        ])?;
        ip(&["link", "set", cable, "master", &self.bridge])?;
        ip(&["link", "set", cable, "up"])?;
        for inside in [
            &["addr", "add", &format!("{address}/24"), "dev", "out"][..],
            &["link", "set", "out", "up"],
            &["link", "set", "lo", "up"],
        ] {
            ip(&[&["-n", namespace], inside].concat())?;
        }
        self.places.push(place);
        Ok(())
    }

    /// Returns the address of a place.
    pub fn address(&self, nth: usize) -> Ipv4Addr {
        self.places[nth].address
    }

    /// Returns how a program is run there.
    pub fn inside(&self, nth: usize) -> Command {
        let mut run = Command::new("ip");
        run.args(["netns", "exec", &self.places[nth].namespace]);
        run
    }

    /// Pulls the cable of a place out, or puts it in again: nobody reaches it, and nobody hears that it cannot be reached.
    pub fn plug(&self, nth: usize, is_in: bool) -> anyhow::Result<()> {
        let way = if is_in { "up" } else { "down" };
        ip(&["link", "set", &self.places[nth].cable, way])
    }

    /// Cuts a place off from these others, or joins them again; everybody else reaches it all the while.
    pub fn cut(&self, nth: usize, others: &[usize], is_cut: bool) -> anyhow::Result<()> {
        let Place { namespace, .. } = &self.places[nth];
        let verb = if is_cut { "add" } else { "del" };
        for other in others {
            let to = format!("{}/32", self.places[*other].address);
            // What comes from there comes in, and no answer goes out.
            ip(&["-n", namespace, "route", verb, "blackhole", &to])?;
        }
        Ok(())
    }
}

impl Drop for Wires {
    fn drop(&mut self) {
        // The cables go with their places.
        for place in &self.places {
            let _ = ip(&["netns", "del", &place.namespace]);
        }
        let _ = ip(&["link", "del", &self.bridge]);
    }
}

fn ip(arguments: &[&str]) -> anyhow::Result<()> {
    ensure!(
        Path::new("/proc/self/ns/net").exists(),
        "this system has no network namespaces"
    );
    let ended = Command::new("ip")
        .args(arguments)
        .output()
        .context("running ip, of the package iproute2")?;
    ensure!(
        ended.status.success(),
        "the drill needs root for network namespaces: ip {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&ended.stderr).trim()
    );
    Ok(())
}
