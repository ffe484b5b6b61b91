package io.uring.net;

import io.uring.reactor.ReceivedBuffer;

/** Sends back what comes, without a copy, and no faster than the peer takes it. */
class Echo extends Recorder {
    @Override
    public void onData(StreamSocket socket, ReceivedBuffer data) {
        if (!socket.write(data)) {
            socket.pauseReading();
        }
    }

    @Override
    public void onWritable(StreamSocket socket) {
        super.onWritable(socket);
        socket.resumeReading();
    }
}
