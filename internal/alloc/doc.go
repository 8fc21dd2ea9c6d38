// Package alloc is the allocator of Arrow buffers: a bounded pool of recycled
// memory, so that batches in a steady flow cost neither garbage nor page faults.
//
// Memory comes aligned to 64 bytes and zeroed, as Go's own allocator would give
// it. After Free it may be handed out again at once; builds with the tag
// `invariants` overwrite it first, so that a late reader fails loudly.
package alloc
