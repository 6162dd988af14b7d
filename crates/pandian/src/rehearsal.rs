//! Serving simulated devices where a warehouse's configuration expects real ones.

use std::any::Any;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use pandian_devices::camera::http::HttpCameraSettings;
use pandian_devices::crane::http::{HttpCraneSettings, Mode};
use pandian_devices::http::HttpUrl;
use pandian_devices::reader::http::HttpReaderSettings;
use pandian_domain::Code;
use pandian_sim::wire::{CraneRoute, Manner, Route, ServerSpec};

use crate::config::{ConfiguredCrane, Warehouse};
use crate::fault::Fault;

/// The servers that answer for a warehouse's HTTP devices, one an address. With `listen`, all of them there.
pub fn servers(warehouse: &Warehouse, listen: Option<SocketAddr>) -> Result<Vec<ServerSpec>, Fault> {
    let mut servers = Servers { listen, specs: Vec::new() };
    for crane in &warehouse.cranes {
        servers.serve(warehouse, crane)?;
    }
    if servers.specs.is_empty() {
        let message =
            format!("{}: no crane, reader or camera of kind \"http\" on this machine: there is nothing to serve", warehouse.file.display());
        return Err(Fault::new(Code::ConfigInvalid, message));
    }
    Ok(servers.specs)
}

struct Servers {
    listen: Option<SocketAddr>,
    specs: Vec<ServerSpec>,
}

impl Servers {
    fn serve(&mut self, warehouse: &Warehouse, crane: &ConfiguredCrane) -> Result<(), Fault> {
        let device: &dyn Any = &*crane.device;
        if let Some(settings) = device.downcast_ref::<HttpCraneSettings>() {
            let route = crane_route(warehouse, crane, settings)?;
            self.add(&settings.url, route)?;
        }
        for (_, reader) in crane.reader.iter() {
            let reader: &dyn Any = &**reader;
            if let Some(settings) = reader.downcast_ref::<HttpReaderSettings>() {
                self.add(settings.url.base(), Route::Readers)?;
            }
        }
        for (_, camera) in crane.camera.iter() {
            let camera: &dyn Any = &**camera;
            if let Some(settings) = camera.downcast_ref::<HttpCameraSettings>() {
                self.add(settings.url.base(), Route::Cameras)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, url: &HttpUrl, route: Route) -> Result<(), Fault> {
        let listen = match self.listen {
            Some(listen) => listen,
            None => address_of(url)?,
        };
        let index = self.specs.iter().position(|spec| spec.listen == listen).unwrap_or_else(|| {
            self.specs.push(ServerSpec { listen, routes: Vec::new() });
            self.specs.len() - 1
        });
        let routes = &mut self.specs[index].routes;
        let there = match &route {
            Route::Crane(new) => routes.iter().any(|route| matches!(route, Route::Crane(known) if known.path == new.path)),
            Route::Readers => routes.iter().any(|route| matches!(route, Route::Readers)),
            Route::Cameras => routes.iter().any(|route| matches!(route, Route::Cameras)),
        };
        match route {
            Route::Crane(new) if there => {
                let message = format!(
                    "crane {}: its address {} is another crane's already; cranes that share one are a dispatcher",
                    new.crane,
                    url.shown()
                );
                return Err(Fault::new(Code::ConfigInvalid, message));
            }
            _ if there => {}
            route => routes.push(route),
        }
        Ok(())
    }
}

fn crane_route(warehouse: &Warehouse, crane: &ConfiguredCrane, settings: &HttpCraneSettings) -> Result<Route, Fault> {
    let manner = match settings.mode {
        Mode::Sync => Manner::Reply,
        Mode::Poll => {
            // With its placeholder left empty, the address of a task is that of all tasks.
            Manner::Poll { tasks: settings.poll_url.as_ref().map(|url| url.base().uri().path().to_owned()).unwrap_or_default() }
        }
        Mode::Callback => {
            let missing = || Fault::new(Code::ConfigInvalid, format!("crane {} calls back, but there is no [callbacks] table", crane.id));
            let callbacks = warehouse.callbacks.as_ref().ok_or_else(missing)?;
            let secret = callbacks.secret_env.as_ref().and_then(|name| std::env::var(name).ok());
            Manner::CallBack { url: format!("http://{}/callbacks/cranes/{}", callbacks.listen, crane.id), secret }
        }
    };
    Ok(Route::Crane(CraneRoute {
        path: settings.url.uri().path().to_owned(),
        location_field: settings.location_field.clone(),
        message: settings.message.as_str().to_owned(),
        manner,
        ..CraneRoute::new(crane.id.clone())
    }))
}

/// Where a server for this address listens. Only this machine's own addresses can be served.
fn address_of(url: &HttpUrl) -> Result<SocketAddr, Fault> {
    let refuse =
        |why: &str| Fault::new(Code::ConfigInvalid, format!("{}: {why}; give --listen ADDRESS to serve it elsewhere", url.shown()));
    if url.uri().scheme_str() == Some("https") {
        return Err(refuse("the simulator speaks plain HTTP only"));
    }
    let host = url.uri().host().unwrap_or_default();
    let ip = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(ip) if ip.is_loopback() => ip,
        Err(_) if host == "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        _ => return Err(refuse("this is not an address of this machine's loopback")),
    };
    Ok(SocketAddr::new(ip, url.uri().port_u16().unwrap_or(80)))
}
