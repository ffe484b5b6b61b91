package io.uring.netty;

import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DatagramChannelConfig;
import io.netty.channel.unix.UnixChannelOption;
import io.uring.net.Multicast;
import io.uring.net.SocketOption;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Enumeration;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The options of a datagram channel. How long a packet may be is up to the loop ({@link
 * io.uring.reactor.ReactorConfig#withDatagramBuffers}), and by default as long as it can be; of the
 * allocator for received buffers only the number of messages per read is used.
 */
final class UringDatagramChannelConfig extends PacketConfig<UringDatagramChannelConfig>
        implements DatagramChannelConfig {
    private static final Map<ChannelOption<?>, SocketOption<?>> SOCKET_OPTIONS =
            Map.ofEntries(
                    Map.entry(ChannelOption.SO_BROADCAST, SocketOption.SO_BROADCAST),
                    Map.entry(ChannelOption.SO_RCVBUF, SocketOption.SO_RCVBUF),
                    Map.entry(ChannelOption.SO_SNDBUF, SocketOption.SO_SNDBUF),
                    Map.entry(ChannelOption.SO_REUSEADDR, SocketOption.SO_REUSEADDR),
                    Map.entry(UnixChannelOption.SO_REUSEPORT, SocketOption.SO_REUSEPORT),
                    Map.entry(UringChannelOption.UDP_GRO, SocketOption.UDP_GRO),
                    Map.entry(UringChannelOption.IP_FREEBIND, SocketOption.IP_FREEBIND),
                    Map.entry(UringChannelOption.IP_TRANSPARENT, SocketOption.IP_TRANSPARENT),
                    Map.entry(UringChannelOption.SO_BUSY_POLL, SocketOption.SO_BUSY_POLL),
                    Map.entry(UringChannelOption.SO_PRIORITY, SocketOption.SO_PRIORITY),
                    Map.entry(UringChannelOption.SO_MARK, SocketOption.SO_MARK));

    /** Where the kernel would have to be asked in two ways, and for IPv4 does not tell. */
    private volatile @Nullable NetworkInterface network;

    @SuppressWarnings("this-escape")
    UringDatagramChannelConfig(UringDatagramChannel channel) {
        super(channel, SOCKET_OPTIONS);
        // As NIO does; where the kernel does not know it, there is nothing to turn off.
        socket().with(fd -> SocketOption.IP_MULTICAST_ALL.set(fd, false));
        if (socket().isIpv6()) {
            socket().with(fd -> SocketOption.IPV6_MULTICAST_ALL.set(fd, false));
        }
    }

    /** An IPv6 socket carries IPv4 too. */
    private <T> void both(SocketOption<T> v4, SocketOption<T> v6, T value) {
        socket().option(v4, value);
        if (socket().isIpv6()) {
            socket().option(v6, value);
        }
    }

    private <T> T either(SocketOption<T> v4, SocketOption<T> v6) {
        return socket().option(socket().isIpv6() ? v6 : v4);
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(
                super.getOptions(),
                ChannelOption.IP_TOS,
                ChannelOption.IP_MULTICAST_TTL,
                ChannelOption.IP_MULTICAST_LOOP_DISABLED,
                ChannelOption.IP_MULTICAST_ADDR,
                ChannelOption.IP_MULTICAST_IF,
                UringChannelOption.IP_MULTICAST_ALL,
                UringChannelOption.IP_RECVORIGDSTADDR);
    }

    @SuppressWarnings("unchecked")
    @Override
    public <T> @Nullable T getOption(ChannelOption<T> option) {
        if (option == ChannelOption.IP_TOS) {
            return (T) Integer.valueOf(getTrafficClass());
        }
        if (option == ChannelOption.IP_MULTICAST_TTL) {
            return (T) Integer.valueOf(getTimeToLive());
        }
        if (option == ChannelOption.IP_MULTICAST_LOOP_DISABLED) {
            return (T) Boolean.valueOf(isLoopbackModeDisabled());
        }
        if (option == ChannelOption.IP_MULTICAST_ADDR) {
            return (T) getInterface();
        }
        if (option == ChannelOption.IP_MULTICAST_IF) {
            return (T) getNetworkInterface();
        }
        if (option == UringChannelOption.IP_MULTICAST_ALL) {
            return (T) either(SocketOption.IP_MULTICAST_ALL, SocketOption.IPV6_MULTICAST_ALL);
        }
        if (option == UringChannelOption.IP_RECVORIGDSTADDR) {
            return (T) either(SocketOption.IP_RECVORIGDSTADDR, SocketOption.IPV6_RECVORIGDSTADDR);
        }
        return super.getOption(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        validate(option, value);
        if (option == ChannelOption.IP_TOS) {
            setTrafficClass((Integer) value);
        } else if (option == ChannelOption.IP_MULTICAST_TTL) {
            setTimeToLive((Integer) value);
        } else if (option == ChannelOption.IP_MULTICAST_LOOP_DISABLED) {
            setLoopbackModeDisabled((Boolean) value);
        } else if (option == ChannelOption.IP_MULTICAST_ADDR) {
            setInterface((InetAddress) value);
        } else if (option == ChannelOption.IP_MULTICAST_IF) {
            setNetworkInterface((NetworkInterface) value);
        } else if (option == UringChannelOption.IP_MULTICAST_ALL) {
            Boolean on = (Boolean) value;
            both(SocketOption.IP_MULTICAST_ALL, SocketOption.IPV6_MULTICAST_ALL, on);
        } else if (option == UringChannelOption.IP_RECVORIGDSTADDR) {
            Boolean on = (Boolean) value;
            both(SocketOption.IP_RECVORIGDSTADDR, SocketOption.IPV6_RECVORIGDSTADDR, on);
        } else {
            return super.setOption(option, value);
        }
        return true;
    }

    @Override
    public int getSendBufferSize() {
        return socket().option(SocketOption.SO_SNDBUF);
    }

    @Override
    public UringDatagramChannelConfig setSendBufferSize(int bytes) {
        socket().option(SocketOption.SO_SNDBUF, bytes);
        return this;
    }

    @Override
    public int getReceiveBufferSize() {
        return socket().option(SocketOption.SO_RCVBUF);
    }

    @Override
    public UringDatagramChannelConfig setReceiveBufferSize(int bytes) {
        socket().option(SocketOption.SO_RCVBUF, bytes);
        return this;
    }

    @Override
    public int getTrafficClass() {
        return either(SocketOption.IP_TOS, SocketOption.IPV6_TCLASS);
    }

    @Override
    public UringDatagramChannelConfig setTrafficClass(int value) {
        both(SocketOption.IP_TOS, SocketOption.IPV6_TCLASS, value);
        return this;
    }

    @Override
    public boolean isReuseAddress() {
        return socket().option(SocketOption.SO_REUSEADDR);
    }

    @Override
    public UringDatagramChannelConfig setReuseAddress(boolean on) {
        socket().option(SocketOption.SO_REUSEADDR, on);
        return this;
    }

    @Override
    public boolean isBroadcast() {
        return socket().option(SocketOption.SO_BROADCAST);
    }

    @Override
    public UringDatagramChannelConfig setBroadcast(boolean on) {
        socket().option(SocketOption.SO_BROADCAST, on);
        return this;
    }

    @Override
    public boolean isLoopbackModeDisabled() {
        return !either(SocketOption.IP_MULTICAST_LOOP, SocketOption.IPV6_MULTICAST_LOOP);
    }

    @Override
    public UringDatagramChannelConfig setLoopbackModeDisabled(boolean disabled) {
        both(SocketOption.IP_MULTICAST_LOOP, SocketOption.IPV6_MULTICAST_LOOP, !disabled);
        return this;
    }

    @Override
    public int getTimeToLive() {
        return either(SocketOption.IP_MULTICAST_TTL, SocketOption.IPV6_MULTICAST_HOPS);
    }

    @Override
    public UringDatagramChannelConfig setTimeToLive(int hops) {
        both(SocketOption.IP_MULTICAST_TTL, SocketOption.IPV6_MULTICAST_HOPS, hops);
        return this;
    }

    /** An address of the interface, of the socket's family where it has one. */
    @Override
    public @Nullable InetAddress getInterface() {
        NetworkInterface set = network;
        InetAddress found = null;
        if (set != null) {
            Enumeration<InetAddress> all = set.getInetAddresses();
            while (all.hasMoreElements()) {
                InetAddress address = all.nextElement();
                if (found == null || address instanceof Inet6Address == socket().isIpv6()) {
                    found = address;
                }
            }
        }
        return found;
    }

    @Override
    public UringDatagramChannelConfig setInterface(InetAddress address) {
        try {
            NetworkInterface found = NetworkInterface.getByInetAddress(address);
            if (found == null) {
                throw new SocketException("no interface has the address " + address);
            }
            return setNetworkInterface(found);
        } catch (SocketException e) {
            throw new ChannelException(e);
        }
    }

    /** What was set; null for the interface of the route. */
    @Override
    public @Nullable NetworkInterface getNetworkInterface() {
        return network;
    }

    @Override
    public UringDatagramChannelConfig setNetworkInterface(NetworkInterface to) {
        Objects.requireNonNull(to, "network interface");
        int family = socket().family();
        try {
            socket().call(
                            "multicast interface " + to.getName() + " of " + channel,
                            fd -> Multicast.setInterface(fd, family, to.getIndex()));
        } catch (IOException e) {
            throw new ChannelException(e);
        }
        network = to;
        return this;
    }
}
