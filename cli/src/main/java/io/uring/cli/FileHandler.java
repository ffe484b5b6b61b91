package io.uring.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import org.eclipse.jetty.http.MimeTypes;
import org.eclipse.jetty.http.content.HttpContent;
import org.eclipse.jetty.http.content.ResourceHttpContentFactory;
import org.eclipse.jetty.http.content.VirtualHttpContentFactory;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.ResourceService;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ResourceHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.URIUtil;
import org.eclipse.jetty.util.resource.ResourceFactory;
import org.jspecify.annotations.Nullable;

/**
 * Serves the files of one directory, with index.html, listings, ranges and conditional requests.
 * Blocks on the disk.
 *
 * <p>Nothing is cached or mapped: a file that changes is served as it is now, and one that is cut
 * off while it is served fails that response, not the process.
 */
final class FileHandler extends ResourceHandler {

    private static final String INDEX = "index.html";

    private final Path root;

    FileHandler(Path directory) {
        root = realDirectory(directory);
        setBaseResource(ResourceFactory.of(this).newResource(root));
        setDirAllowed(true);
        setEtags(true);
    }

    private static Path realDirectory(Path directory) {
        Path real;
        try {
            real = directory.toRealPath();
        } catch (NoSuchFileException e) {
            throw new CommandFailure("directory '" + directory + "' does not exist", e);
        } catch (IOException e) {
            throw new CommandFailure(
                    "cannot open directory '" + directory + "': " + e.getMessage(), e);
        }
        if (!Files.isDirectory(real)) {
            throw new CommandFailure("'" + directory + "' is not a directory");
        }
        if (!Files.isReadable(real) || !Files.isExecutable(real)) {
            throw new CommandFailure("no permission to read directory '" + directory + "'");
        }
        return real;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        if (super.handle(request, response, callback)) {
            return true;
        }
        switch (request.getMethod()) {
            case "GET", "HEAD" -> {
                return false;
            }
            default -> Refusal.methodNotAllowed("GET, HEAD, OPTIONS", request, response, callback);
        }
        return true;
    }

    @Override
    protected ResourceService newResourceService() {
        return new FileService();
    }

    @Override
    protected HttpContent.Factory newHttpContentFactory(ByteBufferPool.Sized buffers) {
        HttpContent.Factory files =
                new ResourceHttpContentFactory(getBaseResource(), types(), buffers);
        // The style sheet of the listings, unless the directory has a file of that name.
        return new VirtualHttpContentFactory(
                path -> confined(files.getContent(path)), getStyleSheet(), "text/css", buffers);
    }

    @Override
    protected ResourceService.WelcomeFactory setupWelcomeFactory() {
        return (directory, request) -> {
            String path = URIUtil.addPaths(Request.getPathInContext(request), INDEX);
            @Nullable HttpContent index = getHttpContentFactory().getContent(path);
            return index == null || index.getResource().isDirectory() ? null : path;
        };
    }

    /**
     * Returns the content, or null unless it is a file or directory whose real path is inside the
     * served directory: a symbolic link must not lead out of it, and reading a pipe or a device may
     * never end.
     */
    private @Nullable HttpContent confined(@Nullable HttpContent content) {
        @Nullable Path path = content == null ? null : content.getResource().getPath();
        if (path == null) {
            return null;
        }
        try {
            Path real = path.toRealPath();
            boolean served =
                    real.startsWith(root)
                            && (Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)
                                    || Files.isDirectory(real, LinkOption.NOFOLLOW_LINKS));
            return served ? content : null;
        } catch (IOException e) {
            return null; // Gone meanwhile, or below a directory we may not search.
        }
    }

    /** Jetty's types, and UTF-8 for every text: without a charset browsers guess a wrong one. */
    private static MimeTypes types() {
        MimeTypes.Mutable types = new MimeTypes.Mutable();
        types.addMimeMapping("md", "text/markdown");
        for (Map.Entry<String, String> entry : Map.copyOf(types.getMimeMap()).entrySet()) {
            if (entry.getValue().startsWith("text/")) {
                types.addMimeMapping(entry.getKey(), entry.getValue() + ";charset=utf-8");
            }
        }
        return types;
    }
}
