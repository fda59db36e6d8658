// Logs what a C++ program says about its run, for Aether to show: metrics, events, artifacts. C++17, Linux, this header
// alone.
//
//     aether::Run run("my-project", "first try");
//     run.log(step, {{"loss", loss}, {"accuracy", accuracy}});
//     run.artifact("model.bin", "model", "model");
//
// Below `aether run` it logs into that run; else it begins a run of its own, which ends with the object. It writes the
// log of Aether's docs/format.md itself. Every call is one write: what was said survives kill -9; sync() and the run's
// end make it survive a power cut. A Run can be shared by threads; a forked child continues in a log of its own.
// Failures are std::system_error or std::invalid_argument.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <locale>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aether {

namespace detail {

inline void check(bool good, const std::string& doing) {
    if (!good) throw std::system_error(errno, std::generic_category(), doing);
}

inline std::int64_t now() {
    using namespace std::chrono;
    return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

// CRC-32 of IEEE 802.3, the one of zlib.
inline std::uint32_t crc32(std::string_view bytes) {
    static const auto table = [] {
        std::array<std::uint32_t, 256> t{};
        for (std::uint32_t i = 0; i < 256; i++) {
            std::uint32_t c = i;
            for (int k = 0; k < 8; k++) c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
            t[i] = c;
        }
        return t;
    }();
    std::uint32_t c = ~0u;
    for (unsigned char byte : bytes) c = table[(c ^ byte) & 255] ^ (c >> 8);
    return ~c;
}

// SHA-256, FIPS 180-4.
class Sha256 {
public:
    void update(const char* bytes, std::size_t n) {
        length += n;
        rest.append(bytes, n);
        std::size_t at = 0;
        for (; at + 64 <= rest.size(); at += 64) block(reinterpret_cast<const unsigned char*>(rest.data()) + at);
        rest.erase(0, at);
    }

    std::string finish() {
        std::uint64_t bits = length * 8;
        update("\x80", 1);
        update(std::string(64, '\0').data(), (120 - rest.size()) % 64);
        char tail[8];
        for (int i = 0; i < 8; i++) tail[i] = static_cast<char>(bits >> (56 - 8 * i));
        update(tail, 8);
        std::string digest;
        for (auto word : state) {
            char hex[9];
            std::snprintf(hex, sizeof hex, "%08x", word);
            digest += hex;
        }
        return digest;
    }

private:
    static std::uint32_t turn(std::uint32_t x, int n) { return x >> n | x << (32 - n); }

    void block(const unsigned char* p) {
        static constexpr std::uint32_t k[64] = {
            0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
            0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
            0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
            0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
            0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
            0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
            0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
            0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
        std::uint32_t w[64];
        for (int t = 0; t < 16; t++)
            w[t] = std::uint32_t(p[4 * t]) << 24 | p[4 * t + 1] << 16 | p[4 * t + 2] << 8 | p[4 * t + 3];
        for (int t = 16; t < 64; t++)
            w[t] = (turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ w[t - 2] >> 10) + w[t - 7] +
                   (turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ w[t - 15] >> 3) + w[t - 16];
        auto [a, b, c, d, e, f, g, h] = state;
        for (int t = 0; t < 64; t++) {
            auto t1 = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + k[t] + w[t];
            auto t2 = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
            h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
        }
        const std::array<std::uint32_t, 8> added{a, b, c, d, e, f, g, h};
        for (int i = 0; i < 8; i++) state[i] += added[i];
    }

    std::array<std::uint32_t, 8> state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::string rest;
    std::uint64_t length = 0;
};

inline std::string quote(std::string_view text) {
    std::string out = "\"";
    for (unsigned char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c < 0x20) {
            char hex[8];
            std::snprintf(hex, sizeof hex, "\\u%04x", c);
            out += hex;
        } else {
            out += static_cast<char>(c);
        }
    }
    return out + '"';
}

// The longest beginning of at most `length` bytes that does not end inside a character.
inline std::string_view cut(std::string_view text, std::size_t length) {
    if (text.size() <= length) return text;
    while (length > 0 && (text[length] & 0xC0) == 0x80) length--;
    return text.substr(0, length);
}

inline const char* variable(const char* name) {
    const char* value = std::getenv(name);
    return value && *value ? value : nullptr;
}

// Replaces what looks like a key of a well-known service and the passwords of addresses, wherever they stand.
inline std::string masked_text(std::string text) {
    static constexpr std::string_view mask = "********", address_ends = "/?# \"',", digits = "0123456789",
                                      letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    // How they begin, and how long they are at least.
    static constexpr std::pair<std::string_view, std::size_t> keys[] = {
        {"AKIA", 20}, {"ASIA", 20}, {"ghp_", 20}, {"gho_", 20}, {"ghs_", 20}, {"ghu_", 20}, {"github_pat_", 20},
        {"glpat-", 20}, {"sk-", 20}, {"sk_live_", 20}, {"rk_live_", 20}, {"hf_", 20}, {"xoxb-", 15}, {"xoxp-", 15},
        {"AIza", 30}, {"ya29.", 20}, {"npm_", 20}, {"pypi-", 20}, {"dckr_pat_", 15}, {"eyJ", 40}};
    if (text.find("-----BEGIN") != text.npos) return std::string(mask);
    for (std::size_t at = text.find("://"); at != text.npos; at = text.find("://", at)) {
        at += 3;
        auto user = std::string_view(text).substr(at);
        user = user.substr(0, user.find_first_of(address_ends));
        auto host = user.rfind('@'), colon = user.find(':');
        if (host != user.npos && colon < host) text.replace(at + colon + 1, host - colon - 1, mask);
    }
    static const std::string of_word = std::string(letters) + std::string(digits) + "_-.+/";
    for (std::size_t at = 0; (at = text.find_first_of(of_word, at)) != text.npos;) {
        std::size_t length = std::min(text.find_first_not_of(of_word, at), text.size()) - at;
        bool is_key = false;
        for (auto [prefix, least] : keys) is_key |= length >= least && text.compare(at, prefix.size(), prefix) == 0;
        if (is_key) text.replace(at, length, mask), length = mask.size();
        at += length;
    }
    return text;
}

// Narrow: --pad-token, --max-tokens and --key are everyday options of training scripts.
inline bool is_secret(std::string_view option) {
    std::string before, last;
    bool inside = false;
    for (unsigned char c : option) {
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (plain && !inside) before = std::exchange(last, "");
        if (plain) last += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
        inside = plain;
    }
    auto among = [](const std::string& word, std::initializer_list<const char*> words) {
        return std::find(words.begin(), words.end(), word) != words.end();
    };
    return among(last, {"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "APIKEY", "CREDENTIALS"}) ||
           (last == "KEY" && among(before, {"API", "ACCESS", "SECRET", "PRIVATE", "AUTH"})) ||
           (last == "TOKEN" && among(before, {"", "API", "AUTH", "ACCESS", "HF", "HUB", "GITHUB", "WANDB", "BEARER",
                                              "BOT", "SECRET"}));
}

// The words of a command as they may be kept: what looks like a key is masked wherever it stands, and whatever is given
// to an option that asks for a secret, as --api-key VALUE or --api-key=VALUE. All clients do the same; sdk/secrets.json
// has the cases.
inline std::vector<std::string> masked(std::vector<std::string> words) {
    bool asked = false;
    for (auto& word : words) {
        bool was = std::exchange(asked, false), option = !word.empty() && word[0] == '-';
        auto equals = word.find('=');
        if (!option && was) {
            word = "********";
        } else if (option && equals != word.npos && equals + 1 < word.size() && is_secret(word.substr(0, equals))) {
            word = word.substr(0, equals) + "=********";
        } else {
            asked = option && equals == word.npos && is_secret(word);
            word = masked_text(std::move(word));
        }
    }
    return words;
}

// A file descriptor that closes itself.
struct File {
    int fd = -1;
    File() = default;
    explicit File(int fd) : fd(fd) {}
    File(File&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
    File& operator=(File&& other) noexcept {
        std::swap(fd, other.fd);
        return *this;
    }
    ~File() {
        if (fd >= 0) ::close(fd);
    }
};

inline void write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        check(n > 0, "write");
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

inline void sync_directory(const std::filesystem::path& path) {
    File directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    check(directory.fd >= 0 && ::fsync(directory.fd) == 0, "sync " + path.string());
}

}  // namespace detail

// A value of an event's field, as JSON.
struct Value {
    std::string json;

    Value(const char* text) : json(detail::quote(text)) {}
    Value(const std::string& text) : json(detail::quote(text)) {}
    Value(bool truth) : json(truth ? "true" : "false") {}
    template <class T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
    Value(T number) : json(std::to_string(number)) {}
    // Not finite becomes null, as JSON has no such number.
    Value(double number) : json("null") {
        if (!std::isfinite(number)) return;
        std::ostringstream out;
        out.imbue(std::locale::classic());
        out.precision(17);
        out << number;
        json = out.str();
    }
    template <class T>
    Value(const std::vector<T>& items) : json("[") {
        for (const auto& item : items) json += (json.size() > 1 ? "," : "") + Value(item).json;
        json += ']';
    }
    Value(const std::map<std::string, Value>& fields) : json("{") {
        for (const auto& [name, value] : fields)
            json += (json.size() > 1 ? "," : "") + detail::quote(name) + ":" + value.json;
        json += '}';
    }
};

using Fields = std::map<std::string, Value>;

enum class Level { info, warning, error };

class Run {
public:
    // The run of `aether run` that this program is in, else a new one of that project and name.
    explicit Run(const std::string& project = "default", const std::string& name = "") {
        if (const char* given = detail::variable("AETHER_RUN_DIR")) {
            path = given;
            const char* said = detail::variable("AETHER_SESSION");
            session = said ? static_cast<std::uint32_t>(std::strtoul(said, nullptr, 10)) : 0;
            const char* set = detail::variable("AETHER_HOME");
            home = set ? std::filesystem::path(set) : path.parent_path().parent_path().parent_path();
        } else {
            create(project, name);
        }
        open();
    }

    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    // Ends a run of its own: well, or as failed when an exception is on its way.
    ~Run() {
        try {
            if (std::uncaught_exceptions() > exceptions)
                fail("an exception was thrown");
            else
                finish();
        } catch (...) {
            // Nobody is left to be told.
        }
    }

    const std::filesystem::path& directory() const { return path; }

    // Says values of metrics at a step, all with the time now. NaN and infinities are values like any other.
    void log(std::uint64_t step, std::initializer_list<std::pair<std::string_view, double>> values) {
        log(step, values.begin(), values.end());
    }

    template <class Pairs>
    void log(std::uint64_t step, const Pairs& values) {
        log(step, std::begin(values), std::end(values));
    }

    template <class Iterator>
    void log(std::uint64_t step, Iterator begin, Iterator end) {
        std::lock_guard lock(mutex);
        keep_to_own_log();
        std::int64_t now = detail::now(), last_time = 0;
        std::uint64_t last_step = 0;
        std::string frames, block = "\x03";
        std::vector<std::string> fresh;
        for (; begin != end; ++begin) {
            std::string name(detail::cut(begin->first, longest_name));
            auto [known, added] = names.try_emplace(name, names.size());
            if (added) {
                fresh.push_back(name);
                std::string metric = "\x02";
                varint(metric, known->second);
                frame(frames, metric + name);
            }
            varint(block, known->second);
            zigzag(block, static_cast<std::int64_t>(step - last_step));
            zigzag(block, now - last_time);
            double value = begin->second;
            std::uint64_t bits;
            std::memcpy(&bits, &value, 8);
            little(block, bits, 8);
            last_step = step, last_time = now;
            if (block.size() > longest_block) {
                frame(frames, block);
                block.resize(1);
                last_step = 0, last_time = 0;
            }
        }
        if (block.size() > 1) frame(frames, block);
        try {
            append(frames);
        } catch (...) {
            for (const auto& name : fresh) names.erase(name);
            throw;
        }
    }

    // Says that something happened. `kind` is a short snake_case word; config, summary, tags, text, image, histogram
    // and alert mean what docs/format.md says.
    void event(const std::string& kind, Level level, std::uint64_t step, const std::string& message,
               const Fields& fields = {}) {
        static const char* levels[] = {"info", "warning", "error"};
        auto json = [&](std::string_view message, const Fields& fields) {
            return "{\"kind\":" + detail::quote(kind) + ",\"level\":\"" + levels[static_cast<int>(level)] +
                   "\",\"step\":" + std::to_string(step) + ",\"message\":" + detail::quote(message) +
                   ",\"fields\":" + Value(fields).json + "}";
        };
        std::string text = json(message, fields), payload = "\x04", frames;
        if (text.size() + 9 > longest_payload) text = json(detail::cut(message, longest_name), {{"cut", true}});
        little(payload, static_cast<std::uint64_t>(detail::now()), 8);
        frame(frames, payload + text);
        std::lock_guard lock(mutex);
        keep_to_own_log();
        append(frames);
    }

    // Keeps a file: copies it into the home under its SHA-256 and says so. Returns the digest.
    std::string artifact(const std::filesystem::path& file, const std::string& name, const std::string& kind) {
        auto [digest, bytes] = keep(file);
        event("artifact", Level::info, 0, "Artifact " + name,
              {{"name", name}, {"kind", kind}, {"digest", digest}, {"bytes", bytes}, {"direction", "output"}});
        return digest;
    }

    // Returns when all that was said before survives a power cut.
    void sync() {
        std::lock_guard lock(mutex);
        if (log_file.fd >= 0) detail::check(::fdatasync(log_file.fd) == 0, "sync the log");
    }

    // Ends the run well. Below `aether run`, how the program ends is seen by the supervisor.
    void finish() { end("\"done\"", "null"); }

    // Ends the run as failed, for this reason.
    void fail(const std::string& reason) { end("\"failed\"", detail::quote(reason)); }

private:
    static constexpr std::size_t longest_name = 65536, longest_payload = 1 << 20;
    // A frame of points is closed at this length, so that damage to one costs little.
    static constexpr std::size_t longest_block = 60 * 1024;

    std::filesystem::path home, path;
    std::uint32_t session = 0;
    int exceptions = std::uncaught_exceptions();
    // Of run.json, in JSON; empty below `aether run`, where the record is the supervisor's.
    std::map<std::string, std::string> record;
    std::mutex mutex;
    detail::File log_file;
    off_t log_end = 0;
    pid_t pid = 0;
    std::unordered_map<std::string, std::uint64_t> names;

    static void little(std::string& out, std::uint64_t n, int bytes) {
        for (int i = 0; i < bytes; i++) out += static_cast<char>(n >> (8 * i));
    }

    static void varint(std::string& out, std::uint64_t n) {
        for (; n >= 0x80; n >>= 7) out += static_cast<char>(n | 0x80);
        out += static_cast<char>(n);
    }

    static void zigzag(std::string& out, std::int64_t n) {
        varint(out, static_cast<std::uint64_t>(n) << 1 ^ static_cast<std::uint64_t>(n >> 63));
    }

    static void frame(std::string& out, std::string_view payload) {
        little(out, payload.size(), 4);
        little(out, detail::crc32(payload), 4);
        out += payload;
    }

    static std::string host() {
        char name[256] = "host";
        ::gethostname(name, sizeof name - 1);
        return name;
    }

    // Makes this process's log.
    void open() {
        std::string plain;
        for (char c : host())
            if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::strchr(".-_", c))
                plain += c;
        pid = ::getpid();
        names.clear();
        log_end = 0;
        for (;;) {
            std::int64_t start = detail::now();
            std::string writer = plain + "-" + std::to_string(pid) + "-" + std::to_string(start);
            auto file = path / "signals" / (writer + ".log");
            detail::File opened(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
            if (opened.fd < 0 && errno == EEXIST) continue;
            detail::check(opened.fd >= 0, "make the log " + file.string());
            log_file = std::move(opened);
            std::string header("\x01" "aether\x01\x00", 9), frames;
            little(header, session, 4);
            little(header, static_cast<std::uint64_t>(start), 8);
            for (const std::string& text : {path.filename().string(), writer}) {
                varint(header, text.size());
                header += text;
            }
            frame(frames, header);
            return append(frames);
        }
    }

    // A forked child must not write into its parent's log.
    void keep_to_own_log() {
        if (pid != ::getpid()) open();
    }

    // What is written of frames when that fails is cut off again, so that the log stays whole.
    void append(const std::string& frames) {
        try {
            detail::write_all(log_file.fd, frames);
            log_end += static_cast<off_t>(frames.size());
        } catch (...) {
            // Where this fails too, readers pass over the damage.
            if (::ftruncate(log_file.fd, log_end) == 0) ::lseek(log_file.fd, log_end, SEEK_SET);
            throw;
        }
    }

    // Hashes while it copies, so that what is kept is what was hashed, even of a file that is changing.
    std::pair<std::string, std::uint64_t> keep(const std::filesystem::path& file) {
        auto blobs = home / "blobs";
        std::filesystem::create_directories(blobs);
        auto part = blobs / (".new." + std::to_string(::getpid()) + "." + std::to_string(detail::now()) + ".part");
        try {
            detail::File from(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
            detail::check(from.fd >= 0, "open " + file.string());
            detail::File to(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
            detail::check(to.fd >= 0, "make " + part.string());
            detail::Sha256 hash;
            std::uint64_t bytes = 0;
            std::vector<char> buffer(1 << 16);
            for (;;) {
                ssize_t n = ::read(from.fd, buffer.data(), buffer.size());
                if (n < 0 && errno == EINTR) continue;
                detail::check(n >= 0, "read " + file.string());
                if (n == 0) break;
                hash.update(buffer.data(), static_cast<std::size_t>(n));
                detail::write_all(to.fd, {buffer.data(), static_cast<std::size_t>(n)});
                bytes += static_cast<std::uint64_t>(n);
            }
            detail::check(::fsync(to.fd) == 0, "sync " + part.string());
            std::string digest = hash.finish();
            auto shelf = blobs / digest.substr(0, 2);
            std::filesystem::create_directories(shelf);
            std::filesystem::rename(part, shelf / digest);
            detail::sync_directory(shelf);
            return {digest, bytes};
        } catch (...) {
            ::unlink(part.c_str());
            throw;
        }
    }

    void create(const std::string& project, const std::string& name) {
        bool fits = !project.empty() && project.size() <= 200 && project[0] != '.';
        for (unsigned char c : project) fits = fits && c != '/' && c >= 0x20 && c != 0x7F;
        if (!fits)
            throw std::invalid_argument("'" + project + "' cannot name a project: no '/', no dot first, 1 to 200 bytes");
        const char* data = detail::variable("XDG_DATA_HOME");
        if (const char* set = detail::variable("AETHER_HOME"))
            home = set;
        else if (data && *data == '/')
            home = std::filesystem::path(data) / "aether";
        else if (const char* user = detail::variable("HOME"))
            home = std::filesystem::path(user) / ".local/share/aether";
        else
            throw std::invalid_argument("nowhere to keep runs: set AETHER_HOME");
        auto parent = home / "runs" / project;
        std::filesystem::create_directories(parent);
        std::string id;
        do {
            id = random_id();
            path = parent / id;
            int made = ::mkdir(path.c_str(), 0777);
            detail::check(made == 0 || errno == EEXIST, "make " + path.string());
            if (made == 0) break;
        } while (true);
        std::filesystem::create_directory(path / "signals");
        std::filesystem::create_directory(path / "output");
        std::ifstream cmdline("/proc/self/cmdline", std::ios::binary);
        std::vector<std::string> command;
        for (std::string word; std::getline(cmdline, word, '\0');) command.push_back(word);
        record = {{"id", detail::quote(id)},
                  {"name", detail::quote(name)},
                  {"project", detail::quote(project)},
                  {"kind", "\"script\""},
                  {"state", "\"running\""},
                  {"spec", "{}"},
                  {"command", Value(detail::masked(std::move(command))).json},
                  {"directory", detail::quote(std::filesystem::current_path().string())},
                  {"host", detail::quote(host())},
                  {"pid", std::to_string(::getpid())},
                  {"pid_start", pid_start()},
                  {"created", time_now()},
                  {"ended", "null"},
                  {"reason", "null"},
                  {"resumed", "0"},
                  {"artifacts", "[]"}};
        write_record();
    }

    void end(const std::string& state, const std::string& reason) {
        sync();
        // A forked child leaves the end to its parent.
        if (record.empty() || record["pid"] != std::to_string(::getpid())) return;
        record["state"] = state, record["reason"] = reason, record["ended"] = time_now();
        write_record();
        record.clear();
    }

    // Written beside, synced, renamed: never a part of it.
    void write_record() {
        std::string text = "{";
        for (const auto& [name, json] : record) text += (text.size() > 1 ? "," : "") + detail::quote(name) + ":" + json;
        text += "}\n";
        auto part = path / (".run.json." + std::to_string(::getpid()) + ".0.part");
        {
            detail::File file(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
            detail::check(file.fd >= 0, "make " + part.string());
            detail::write_all(file.fd, text);
            detail::check(::fsync(file.fd) == 0, "sync " + part.string());
        }
        std::filesystem::rename(part, path / "run.json");
        detail::sync_directory(path);
    }

    // Eight characters of Crockford's base 32, in lower case.
    static std::string random_id() {
        std::ifstream random("/dev/urandom", std::ios::binary);
        char bits[8];
        if (!random.read(bits, 8)) throw std::runtime_error("cannot read /dev/urandom");
        std::string id;
        for (char c : bits) id += "0123456789abcdefghjkmnpqrstvwxyz"[c & 31];
        return id;
    }

    // Field 22 of /proc/self/stat, proc(5); field 2 may hold spaces and parentheses.
    static std::string pid_start() {
        std::ifstream file("/proc/self/stat");
        std::string stat{std::istreambuf_iterator<char>(file), {}}, field;
        std::istringstream fields(stat.substr(std::min(stat.size(), stat.rfind(')') + 1)));
        for (int i = 0; i < 20; i++)
            if (!(fields >> field)) return "0";
        return field;
    }

    static std::string time_now() {
        std::int64_t nanos = detail::now();
        std::time_t seconds = nanos / 1'000'000'000;
        std::tm utc{};
        ::gmtime_r(&seconds, &utc);
        char date[32], text[48];
        std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
        std::snprintf(text, sizeof text, "\"%s.%09dZ\"", date, static_cast<int>(nanos % 1'000'000'000));
        return text;
    }
};

}  // namespace aether
