/*
 * Owns the way from bytes to tokens: hiredis's reader splits the stream, and each value it finds becomes
 * three numbers on a tape that the caller lends. The values themselves are built in JavaScript
 * (src/protocol/hiredis-parser.ts): a string or an array element made through Node-API costs several
 * times what hiredis and V8 need for it together.
 *
 * No JavaScript value may live here longer than one call, and no memory of the caller's either.
 * Every write to the tape is checked against its length; every status of Node-API is checked.
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

/* A token: what it is, and two numbers. The same words stand in hiredis-parser.ts. */
#define TOKEN 3
#define BESIDE 0x100  /* the bytes are not in the chunk: they stand in `beside` */
#define FAILURE 0x200 /* the last token: one of the following, and the type byte it is about */
enum {
  BY_HIREDIS = 1,
  LINE_END,
  BULK_END,
  BULK_LENGTH,
  ELEMENTS,
  DEPTH,
  INNER_PUSH,
  MALFORMED,
  INTERNAL
};

/* An object for hiredis to carry about; nobody ever looks at it. */
static char anything;

/*
 * Strings up to here are put together in memory that the next one uses again; hiredis takes up to twice
 * as much for it.
 */
#define SPARE_BUFFER (1024 * 1024)

typedef struct {
  redisReader *reader;
  uint64_t fed;        /* bytes hiredis has been given */
  double max_bulk;
  double max_elements;
  uint32_t max_depth;
  size_t missing;      /* bytes the bulk string being read still needs, its line end included */
  int in_line;         /* whether a line has begun whose end has not been seen */
  char last;           /* last byte of that line so far */

  /* Of the current call only. */
  napi_env env;
  uint32_t *tape;
  size_t room;         /* numbers the tape has room for */
  size_t used;
  uint64_t chunk_start; /* what `fed` was when the chunk began */
  int failure;
  uint32_t failed_type;
  napi_value beside;
  size_t beside_length;
} parser;

static redisReadTask *current_task(const redisReader *reader) {
  if (reader->ridx < 0) return NULL;
#if HAS_RESP3
  return reader->task[reader->ridx];
#else
  return (redisReadTask *)&reader->rstack[reader->ridx];
#endif
}

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
#endif
    default: return 0;
  }
}

static void *fail(parser *p, int why, uint32_t type) {
  if (p->failure == 0) {
    p->failure = why;
    p->failed_type = type;
  }
  return NULL;
}

/* One place is kept for a failure. */
static void *put(parser *p, uint32_t what, uint32_t a, uint32_t b) {
  if (p->used + 2 * TOKEN > p->room) return fail(p, INTERNAL, 0);
  p->tape[p->used++] = what;
  p->tape[p->used++] = a;
  p->tape[p->used++] = b;
  return &anything;
}

/* A string is told by its place in the chunk; what began in an earlier chunk is copied. */
static void *put_text(parser *p, uint32_t type, const char *text, size_t length) {
  const redisReader *reader = p->reader;
  uint64_t at = p->fed - reader->len + (uint64_t)(text - reader->buf);
  if (at >= p->chunk_start) {
    uint64_t from = at - p->chunk_start;
    if (from + length > UINT32_MAX) return fail(p, INTERNAL, 0);
    return put(p, type, (uint32_t)from, (uint32_t)(from + length));
  }
  if (p->beside != NULL || length > UINT32_MAX) return fail(p, INTERNAL, 0);
  if (napi_create_buffer_copy(p->env, length, text, NULL, &p->beside) != napi_ok) {
    p->beside = NULL;
    return fail(p, INTERNAL, 0);
  }
  p->beside_length = length;
  return put(p, type | BESIDE, 0, (uint32_t)length);
}

static void *on_string(const redisReadTask *task, char *text, size_t length) {
  parser *p = task->privdata;
  uint32_t type = type_byte(task->type);
  if (type == '$' || type == '=') {
    /* hiredis skips two bytes behind a bulk string, whatever they are. */
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
  /* hiredis lets everything that has a length be null. */
  if (type != '$' && type != '*' && type != '_') return fail(task->privdata, MALFORMED, type);
  return put(task->privdata, '_', 0, 0);
}

#if HAS_RESP3
/* hiredis hands over a copy of the line; its place is just before the position reached. */
static void *on_double(const redisReadTask *task, double value, char *text, size_t length) {
  parser *p = task->privdata;
  (void)value;
  (void)text;
  return put_text(p, ',', p->reader->buf + p->reader->pos - 2 - length, length);
}

/* hiredis takes capitals and NUL for letters of its own; no server sends them. */
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
  p->reader->maxelements = 0; /* the limit is ours */
#endif
  return 1;
}

/*
 * Find out what hiredis waits for, so that it is asked again only when there is more to see: it looks
 * through an unfinished line from its beginning each time.
 */
static void look_at_rest(parser *p) {
  const redisReader *reader = p->reader;
  const redisReadTask *task = current_task(reader);
  p->missing = 0;
  p->in_line = 0;
  if (task == NULL || task->type < 0) return;
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
    /* hiredis has judged the digits. */
    uint64_t length = 0;
    for (const char *digit = rest; digit < end - 1; digit++) {
      length = length * 10 + (uint64_t)(*digit - '0');
    }
    if ((double)length > p->max_bulk) fail(p, BULK_LENGTH, type);
    else p->missing = (size_t)(end + 1 - rest) + length + 2 - size;
  }
}

/* Whether the bytes change anything about what hiredis waits for. */
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
  look_at_rest(p);
  /* After a long string nothing of its memory is kept. */
  redisReader *reader = p->reader;
  const redisReadTask *task = current_task(reader);
  int idle = reader->pos == reader->len && reader->ridx <= 0 && (task == NULL || task->type < 0);
  if (p->failure == 0 && p->beside_length > SPARE_BUFFER && idle && !renew_reader(p)) {
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

/* create(maxDepth, maxBulkLength, maxElements) */
static napi_value create(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3];
  double limits[3];
  napi_value result;
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc < 3) {
    return throw_error(env, "create takes three limits");
  }
  for (int i = 0; i < 3; i++) {
    if (napi_get_value_double(env, argv[i], &limits[i]) != napi_ok || !(limits[i] >= 0)) {
      return throw_error(env, "a limit is not a number");
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

/* What is unfinished stands in front of the tokens: type, bytes read of it, bytes known to be missing. */
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
 * feed(parser, tape, chunk, from, to, beside): reads a part of a chunk; the parts come in order. A string
 * that began in an earlier chunk is put into the array `beside`. Returns how far the tape is written.
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
    return throw_error(env, "feed was called with something else");
  }
  p->env = env;
  p->tape = numbers;
  p->room = room;
  p->used = TOKEN;
  p->chunk_start = p->fed - from;
  p->beside = NULL;
  p->beside_length = 0;
  if (p->failure == 0) read_bytes(p, (const char *)bytes + from, to - from);
  put_rest(p);
  if (p->failure != 0) {
    p->tape[p->used++] = FAILURE;
    p->tape[p->used++] = (uint32_t)p->failure;
    p->tape[p->used++] = p->failed_type;
  }
  napi_status status = napi_ok;
  if (p->beside != NULL) status = napi_set_element(env, argv[5], 0, p->beside);
  p->tape = NULL;
  p->beside = NULL;
  if (status != napi_ok || napi_create_uint32(env, (uint32_t)p->used, &result) != napi_ok) {
    return throw_error(env, "a value could not be made");
  }
  return result;
}

/* words(parser): how hiredis puts what is wrong. */
static napi_value words(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  parser *p;
  napi_value result;
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc < 1 ||
      napi_get_value_external(env, argv[0], (void **)&p) != napi_ok ||
      napi_create_string_latin1(env, p->reader->errstr, NAPI_AUTO_LENGTH, &result) != napi_ok) {
    return throw_error(env, "words was called with something else");
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
      !add_function(env, exports, "words", words)) {
    return throw_error(env, "the functions could not be made");
  }
  return exports;
}
