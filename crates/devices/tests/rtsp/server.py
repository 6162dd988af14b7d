"""An RTSP server with a moving picture: /h264 and /jpeg to anybody, /guarded to admin with the password $HOME. Prints its port."""

import os

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer

SOURCE = "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=640,height=360,framerate=10/1 ! "
H264 = SOURCE + "x264enc tune=zerolatency key-int-max=10 ! rtph264pay name=pay0 pt=96"
JPEG = SOURCE + "jpegenc ! rtpjpegpay name=pay0 pt=26"

Gst.init(None)
server = GstRtspServer.RTSPServer(service="0", address="127.0.0.1")
guard = GstRtspServer.RTSPAuth()
guard.set_supported_methods(2)  # Digest alone.
token = GstRtspServer.RTSPToken()
token.set_string("media.factory.role", "user")
guard.add_digest("admin", os.environ["HOME"], token)
anybody = GstRtspServer.RTSPToken()
anybody.set_string("media.factory.role", "anybody")
guard.set_default_token(anybody)
server.set_auth(guard)
for path, launch, roles in (("/h264", H264, "user anybody"), ("/jpeg", JPEG, "user anybody"), ("/guarded", H264, "user")):
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {launch} )")
    for role in roles.split():
        factory.add_role_from_structure(Gst.Structure.new_from_string(f"{role},media.factory.access=(boolean)true,media.factory.construct=(boolean)true"))
    server.get_mount_points().add_factory(path, factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
