/*
 * Conversion of bytes to tokens: hiredis's reader splits the stream, and each value becomes three numbers
 * on a tape that the caller passes. The values are built in JavaScript
 * (src/protocol/hiredis/hiredis-parser.ts): creating a string or an array element through Node-API costs
 * several times the work of hiredis and V8 together.
 *
 * No JavaScript value and no memory of the caller is kept after a call. Every write to the tape is checked
 * against its length; every status of Node-API is checked.
 */
#define NAPI_VERSION 6
#include <node_api.h>

#if defined(__has_include) && !__has_include(<hiredis/read.h>)
#include <hiredis.h>
#include <read.h>
#else
#include <hiredis/hiredis.h>
#include <hiredis/read.h>
#endif

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HAS_RESP3 (HIREDIS_MAJOR >= 1)
#if HAS_RESP3
typedef size_t element_count;
#else
typedef int element_count;
#endif

/* A token: its type and two numbers. The same constants are in hiredis-parser.ts. */
#define TOKEN 3
#define COPIED 0x100  /* the bytes are not in the chunk but in `copies` */
#define FAILURE 0x200 /* the last token: a reason and the type byte it is about */
enum {
  BY_HIREDIS = 1,
  LINE_END,
  BULK_END,
  BULK_LENGTH,
  ELEMENTS,
  DEPTH,
  INNER_PUSH,
  MALFORMED,
  UNSUPPORTED,
  INTERNAL
};

/* A non-null object for hiredis, which never reads it. */
static char placeholder;

/*
 * Largest string that is collected in memory that is reused for the next string; hiredis allocates up to
 * twice as much.
 */
#define SPARE_BUFFER (1024 * 1024)

typedef struct {
  redisReader *reader;
  uint64_t fed;        /* bytes passed to hiredis */
  double max_bulk;
  double max_elements;
  uint32_t max_depth;
  size_t missing;      /* missing bytes of the incomplete bulk string, including its line end */
  int in_line;         /* whether a line is incomplete */
  char last;           /* last byte of that line so far */

  /* Valid only during a call. */
  napi_env env;
  uint32_t *tape;
  size_t room;         /* length of the tape */
  size_t used;
  uint64_t chunk_start; /* value of `fed` at the start of the chunk */
  int failure;
  uint32_t failed_type;
  napi_value copy;
  size_t copy_length;
} parser;

static redisReadTask *current_task(const redisReader *reader) {
  if (reader->ridx < 0) return NULL;
#if HAS_RESP3
  return reader->task[reader->ridx];
#else
  return (redisReadTask *)&reader->rstack[reader->ridx];
#endif
}

/* Returns 0 for a type that this file does not know: it is refused. */
static uint32_t type_byte(int type) {
  switch (type) {
    case REDIS_REPLY_STRING: return '$';
    case REDIS_REPLY_ARRAY: return '*';
    case REDIS_REPLY_INTEGER: return ':';
    case REDIS_REPLY_NIL: return '_';
    case REDIS_REPLY_STATUS: return '+';
    case REDIS_REPLY_ERROR: return '-';
#if HAS_RESP3
    case REDIS_REPLY_DOUBLE: return ',';
    case REDIS_REPLY_BOOL: return '#';
    case REDIS_REPLY_MAP: return '%';
    case REDIS_REPLY_SET: return '~';
    case REDIS_REPLY_PUSH: return '>';
    case REDIS_REPLY_BIGNUM: return '(';
    case REDIS_REPLY_VERB: return '=';
    case REDIS_REPLY_ATTR: return '|'; /* read by hiredis 1.3 and later */
#endif
    default: return 0;
  }
}

static int is_supported(uint32_t type) {
  return type != 0 && type != '|';
}

static void *fail(parser *p, int reason, uint32_t type) {
  if (p->failure == 0) {
    p->failure = reason;
    p->failed_type = type;
  }
  return NULL;
}

/* Room for one more token, a failure, is always kept. */
static void *put(parser *p, uint32_t type, uint32_t a, uint32_t b) {
  if (p->used + 2 * TOKEN > p->room) return fail(p, INTERNAL, 0);
  p->tape[p->used++] = type;
  p->tape[p->used++] = a;
  p->tape[p->used++] = b;
  return &placeholder;
}

/* A string is passed as its range in the chunk; a string that began in an earlier chunk is copied. */
static void *put_text(parser *p, uint32_t type, const char *text, size_t length) {
  const redisReader *reader = p->reader;
  uint64_t at = p->fed - reader->len + (uint64_t)(text - reader->buf);
  if (at >= p->chunk_start) {
    uint64_t from = at - p->chunk_start;
    if (from + length > UINT32_MAX) return fail(p, INTERNAL, 0);
    return put(p, type, (uint32_t)from, (uint32_t)(from + length));
  }
  if (p->copy != NULL || length > UINT32_MAX) return fail(p, INTERNAL, 0);
  if (napi_create_buffer_copy(p->env, length, text, NULL, &p->copy) != napi_ok) {
    p->copy = NULL;
    return fail(p, INTERNAL, 0);
  }
  p->copy_length = length;
  return put(p, type | COPIED, 0, (uint32_t)length);
}

static void *on_string(const redisReadTask *task, char *text, size_t length) {
  parser *p = task->privdata;
  uint32_t type = type_byte(task->type);
  if (!is_supported(type)) return fail(p, UNSUPPORTED, type);
  if (type == '$' || type == '=') {
    /* hiredis skips the two bytes after a bulk string without checking them. */
    if (text[length] != '\r' || text[length + 1] != '\n') return fail(p, BULK_END, type);
    if ((double)length > p->max_bulk) return fail(p, BULK_LENGTH, type);
  } else if (memchr(text, '\r', length) != NULL || memchr(text, '\n', length) != NULL) {
    return fail(p, LINE_END, type);
  }
  return put_text(p, type, text, length);
}

static void *on_array(const redisReadTask *task, element_count elements) {
  parser *p = task->privdata;
  uint64_t count = (uint64_t)elements;
  uint32_t depth = 1;
  for (const redisReadTask *outer = task->parent; outer != NULL; outer = outer->parent) depth++;
  uint32_t type = type_byte(task->type);
  if (!is_supported(type)) return fail(p, UNSUPPORTED, type);
  if (type == '>' && depth > 1) return fail(p, INNER_PUSH, type);
  if ((double)count > p->max_elements) return fail(p, ELEMENTS, type);
  if (depth > p->max_depth) return fail(p, DEPTH, type);
  return put(p, type, (uint32_t)count, (uint32_t)(count >> 32));
}

static void *on_integer(const redisReadTask *task, long long value) {
  return put(task->privdata, ':', (uint32_t)value, (uint32_t)((uint64_t)value >> 32));
}

static void *on_nil(const redisReadTask *task) {
  uint32_t type = type_byte(task->type);
  /* hiredis accepts null for every type with a length. */
  if (type != '$' && type != '*' && type != '_') return fail(task->privdata, MALFORMED, type);
  return put(task->privdata, '_', 0, 0);
}

#if HAS_RESP3
/* hiredis passes a copy of the line; the line itself is just before the current position. */
static void *on_double(const redisReadTask *task, double value, char *text, size_t length) {
  parser *p = task->privdata;
  (void)value;
  (void)text;
  return put_text(p, ',', p->reader->buf + p->reader->pos - 2 - length, length);
}

/* hiredis also accepts capitals and NUL; no server sends them. */
static void *on_bool(const redisReadTask *task, int value) {
  const parser *p = task->privdata;
  const char *letter = p->reader->buf + p->reader->pos - 3;
  if (*letter != 't' && *letter != 'f') return fail(task->privdata, MALFORMED, '#');
  return put(task->privdata, '#', value != 0, 0);
}
#endif

static void free_nothing(void *object) {
  (void)object;
}

static redisReplyObjectFunctions callbacks = {
    .createString = on_string,
    .createArray = on_array,
    .createInteger = on_integer,
    .createNil = on_nil,
#if HAS_RESP3
    .createDouble = on_double,
    .createBool = on_bool,
#endif
    .freeObject = free_nothing,
};

static int renew_reader(parser *p) {
  redisReader *fresh = redisReaderCreateWithFunctions(&callbacks);
  if (fresh == NULL) return 0;
  if (p->reader != NULL) redisReaderFree(p->reader);
  p->reader = fresh;
  p->reader->privdata = p;
  p->reader->maxbuf = 3 * SPARE_BUFFER;
#if HAS_RESP3 && defined(REDIS_READER_MAX_ARRAY_ELEMENTS)
  p->reader->maxelements = 0; /* limited by max_elements instead */
#endif
  return 1;
}

/*
 * Determine what hiredis waits for, so that it runs again only when that has arrived: it searches an
 * incomplete line from its beginning each time.
 */
static void inspect_rest(parser *p) {
  const redisReader *reader = p->reader;
  const redisReadTask *task = current_task(reader);
  p->missing = 0;
  p->in_line = 0;
  if (task == NULL || task->type < 0) return;
  /* A value of a type that is refused must not be collected first: no limit of a line applies to it. */
  if (!is_supported(type_byte(task->type))) {
    fail(p, UNSUPPORTED, type_byte(task->type));
    return;
  }
  const char *rest = reader->buf + reader->pos;
  size_t size = reader->len - reader->pos;
  const char *end = memchr(rest, '\n', size);
  if (end == NULL) {
    p->in_line = 1;
    p->last = size > 0 ? rest[size - 1] : 0;
    return;
  }
  uint32_t type = type_byte(task->type);
  if (end == rest || end[-1] != '\r') {
    fail(p, LINE_END, type);
  } else if (type == '$' || type == '=') {
    /* hiredis has validated the digits. */
    uint64_t length = 0;
    for (const char *digit = rest; digit < end - 1; digit++) {
      length = length * 10 + (uint64_t)(*digit - '0');
    }
    if ((double)length > p->max_bulk) fail(p, BULK_LENGTH, type);
    else p->missing = (size_t)(end + 1 - rest) + length + 2 - size;
  }
}

/* Whether the bytes contain the end of what hiredis waits for. */
static int worth_reading(parser *p, const char *bytes, size_t length) {
  if (p->missing > length) {
    p->missing -= length;
    return 0;
  }
  if (!p->in_line) return 1;
  const char *end = memchr(bytes, '\n', length);
  if (end == NULL) {
    p->last = bytes[length - 1];
    return 0;
  }
  if ((end == bytes ? p->last : end[-1]) != '\r') {
    const redisReadTask *task = current_task(p->reader);
    fail(p, LINE_END, task == NULL ? 0 : type_byte(task->type));
    return 0;
  }
  return 1;
}

static void read_bytes(parser *p, const char *bytes, size_t length) {
  int worth = worth_reading(p, bytes, length);
  if (p->failure != 0) return;
  if (redisReaderFeed(p->reader, bytes, length) != REDIS_OK) {
    fail(p, BY_HIREDIS, 0);
    return;
  }
  p->fed += length;
  if (!worth) return;
  void *reply;
  do {
    reply = NULL;
    if (redisReaderGetReply(p->reader, &reply) != REDIS_OK) {
      fail(p, BY_HIREDIS, 0);
      return;
    }
  } while (reply != NULL);
  inspect_rest(p);
  /* The memory of a long string is not kept. */
  redisReader *reader = p->reader;
  const redisReadTask *task = current_task(reader);
  int idle = reader->pos == reader->len && reader->ridx <= 0 && (task == NULL || task->type < 0);
  if (p->failure == 0 && p->copy_length > SPARE_BUFFER && idle && !renew_reader(p)) {
    fail(p, INTERNAL, 0);
  }
}

static napi_value throw_error(napi_env env, const char *message) {
  napi_throw_error(env, "EHIREDIS", message);
  return NULL;
}

static void finalize_parser(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  parser *p = data;
  if (p->reader != NULL) redisReaderFree(p->reader);
  free(p);
}

/* create(maxDepth, maxBulkLength, maxElements): returns a parser. */
static napi_value create(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3];
  double limits[3];
  napi_value result;
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc < 3) {
    return throw_error(env, "create: three limits are required");
  }
  for (int i = 0; i < 3; i++) {
    if (napi_get_value_double(env, argv[i], &limits[i]) != napi_ok || !(limits[i] >= 0)) {
      return throw_error(env, "create: a limit must be a number, 0 or more");
    }
  }
  parser *p = calloc(1, sizeof(parser));
  if (p == NULL) return throw_error(env, "out of memory");
  p->max_depth = limits[0] > 1e6 ? 1000000 : (uint32_t)limits[0];
  p->max_bulk = limits[1];
  p->max_elements = limits[2];
  if (!renew_reader(p) || napi_create_external(env, p, finalize_parser, NULL, &result) != napi_ok) {
    finalize_parser(env, p, NULL);
    return throw_error(env, "out of memory");
  }
  return result;
}

/* The incomplete value precedes the tokens: its type, bytes read, and bytes known to be missing. */
static void put_rest(parser *p) {
  const redisReader *reader = p->reader;
  const redisReadTask *task = p->failure == 0 ? current_task(reader) : NULL;
  int open = task != NULL && task->type >= 0;
  size_t size = open ? reader->len - reader->pos : 0;
  p->tape[0] = open ? type_byte(task->type) : 0;
  p->tape[1] = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
  p->tape[2] = p->missing > UINT32_MAX ? UINT32_MAX : (uint32_t)p->missing;
}

static int get_range(napi_env env, napi_value *argv, uint32_t *from, uint32_t *to) {
  return napi_get_value_uint32(env, argv[3], from) == napi_ok &&
         napi_get_value_uint32(env, argv[4], to) == napi_ok;
}

/*
 * feed(parser, tape, chunk, from, to, copies): parses a part of a chunk; parts must be passed in order. A
 * string that began in an earlier chunk is stored in the array `copies`. Returns the end of the tokens.
 */
static napi_value feed(napi_env env, napi_callback_info info) {
  size_t argc = 6;
  napi_value argv[6];
  parser *p;
  void *bytes, *numbers;
  size_t length, room;
  uint32_t from, to;
  napi_typedarray_type kind;
  napi_value result;
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc < 6 ||
      napi_get_value_external(env, argv[0], (void **)&p) != napi_ok ||
      napi_get_typedarray_info(env, argv[1], &kind, &room, &numbers, NULL, NULL) != napi_ok ||
      kind != napi_uint32_array || room < 4 * TOKEN ||
      napi_get_buffer_info(env, argv[2], &bytes, &length) != napi_ok ||
      !get_range(env, argv, &from, &to) || from >= to || to > length) {
    return throw_error(env, "feed: invalid arguments");
  }
  p->env = env;
  p->tape = numbers;
  p->room = room;
  p->used = TOKEN;
  p->chunk_start = p->fed - from;
  p->copy = NULL;
  p->copy_length = 0;
  if (p->failure == 0) read_bytes(p, (const char *)bytes + from, to - from);
  put_rest(p);
  if (p->failure != 0) {
    p->tape[p->used++] = FAILURE;
    p->tape[p->used++] = (uint32_t)p->failure;
    p->tape[p->used++] = p->failed_type;
  }
  napi_status status = napi_ok;
  if (p->copy != NULL) status = napi_set_element(env, argv[5], 0, p->copy);
  p->tape = NULL;
  p->copy = NULL;
  if (status != napi_ok || napi_create_uint32(env, (uint32_t)p->used, &result) != napi_ok) {
    return throw_error(env, "feed: cannot create a value");
  }
  return result;
}

/* errorMessage(parser): returns the error message of hiredis. */
static napi_value error_message(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  parser *p;
  napi_value result;
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc < 1 ||
      napi_get_value_external(env, argv[0], (void **)&p) != napi_ok ||
      napi_create_string_latin1(env, p->reader->errstr, NAPI_AUTO_LENGTH, &result) != napi_ok) {
    return throw_error(env, "errorMessage: invalid arguments");
  }
  return result;
}

static int add_function(napi_env env, napi_value to, const char *name, napi_callback callback) {
  napi_value function;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function) == napi_ok &&
         napi_set_named_property(env, to, name, function) == napi_ok;
}

NAPI_MODULE_INIT() {
  char version[64];
  napi_value text, resp3;
  snprintf(version, sizeof version, "%d.%d.%d", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
  if (napi_create_string_latin1(env, version, NAPI_AUTO_LENGTH, &text) != napi_ok ||
      napi_set_named_property(env, exports, "version", text) != napi_ok ||
      napi_get_boolean(env, HAS_RESP3, &resp3) != napi_ok ||
      napi_set_named_property(env, exports, "resp3", resp3) != napi_ok ||
      !add_function(env, exports, "create", create) || !add_function(env, exports, "feed", feed) ||
      !add_function(env, exports, "errorMessage", error_message)) {
    return throw_error(env, "cannot create the exports");
  }
  return exports;
}
