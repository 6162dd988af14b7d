"""An RTSP server with a moving picture: /h264 and /jpeg. With --guarded to admin with the password $HOME alone. Prints its port."""

import os
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer

SOURCE = "videotestsrc is-live=true pattern=ball animation-mode=wall-time ! video/x-raw,format=I420,width=640,height=360,framerate=10/1 ! "
STREAMS = {
    "/h264": SOURCE + "x264enc tune=zerolatency key-int-max=10 ! rtph264pay name=pay0 pt=96",
    "/jpeg": SOURCE + "jpegenc ! rtpjpegpay name=pay0 pt=26",
}

Gst.init(None)
server = GstRtspServer.RTSPServer(service="0", address="127.0.0.1")
for path, launch in STREAMS.items():
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {launch} )")
    factory.add_role_from_structure(Gst.Structure.new_from_string("user,media.factory.access=(boolean)true,media.factory.construct=(boolean)true"))
    server.get_mount_points().add_factory(path, factory)
if "--guarded" in sys.argv:
    guard = GstRtspServer.RTSPAuth()
    guard.set_supported_methods(2)  # Digest alone.
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    guard.add_digest("admin", os.environ["HOME"], token)
    server.set_auth(guard)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
