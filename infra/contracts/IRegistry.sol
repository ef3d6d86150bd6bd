// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Authorization} from "./Authorization.sol";

/// @title The public record of proposals, polls, datanets, adapters and releases, and the escrow of bonds and pledges
/// @notice The registrar (the node) writes the record; people's money moves only by their own signature, whose ERC-3009 nonce
/// names the action. Bonds return by delivery: a third each for the first snapshot, adapter and release, all of it when the vote
/// is lost or the deadline passes. They are slashed for spam or a falsified deliverable only, never for losing a vote.
/// Units are the token's smallest unit, uint64; every id, root and hash is 32 bytes; times are Unix seconds.
///
/// Invariant: bonds in = bonds out + bonds slashed + bonds held; the token balance is exactly what is held in bonds, dispute
/// bonds and pledges.
interface IRegistry {
    /// Passed, Rejected-by-vote and Expired are not stored: `statusOf` derives them from the poll and the time until `close`.
    enum Status {
        None,
        Proposed,
        Polled, // result recorded, dispute window open (or dispute undecided)
        Passed,
        Rejected,
        Expired,
        Released,
        Slashed
    }

    enum Fault {
        Spam,
        FalsifiedDeliverable
    }

    /// @param ballotsRoot root over leaves keccak256(keccak256(abi.encode(BALLOT_TAG, proposalId, index, voter, choice, weight)))
    /// @param yes sum of weights in the unit that the ballot file states
    struct Poll {
        bytes32 ballotsRoot;
        uint64 yes;
        uint64 no;
        bytes32 fileHash;
        bool passed;
    }

    struct Ballot {
        uint256 index;
        bytes32 voter;
        uint8 choice; // 1 yes, 0 no
        uint64 weight;
    }

    struct Proposal {
        address proposer;
        uint64 bond;
        uint32 deadline;
        uint64 bondPaid; // returned or slashed
        uint64 pledged; // still in escrow
        uint32 pollFinalAt;
        uint32 slashableAt; // 0: nobody accuses
        uint8 delivered; // milestones, 0..3
        uint16 releases;
        Status status;
        bool passed;
        bool disputed;
        bytes32 pollHash; // keccak256(abi.encode(Poll))
        address disputer;
    }

    event RegistrarAppointed(address registrar);
    event Proposed(bytes32 indexed proposalId, address indexed proposer, uint64 bond, bytes32 contentHash, uint32 deadline);
    event Pledged(bytes32 indexed proposalId, address indexed account, uint64 units);
    event PledgeRefunded(bytes32 indexed proposalId, address indexed account, uint64 units);
    event PledgesReleased(bytes32 indexed proposalId, uint64 units);
    event PollRecorded(bytes32 indexed proposalId, Poll poll, uint32 finalAt);
    event PollDisputed(bytes32 indexed proposalId, address indexed disputer, bytes32 evidenceHash);
    event PollResolved(bytes32 indexed proposalId, bool upheld, bytes32 findingHash);
    event PollVoided(bytes32 indexed proposalId);
    event DatanetOpened(bytes32 indexed proposalId, bytes32 constitutionHash);
    event SnapshotAnchored(bytes32 indexed proposalId, bytes32 indexed root, uint32 rows);
    event AdapterCommitted(
        bytes32 indexed proposalId, bytes32 indexed adapterHash, bytes32 baseHash, bytes32 snapshotRoot, bytes32 evaluationHash
    );
    event Released(bytes32 indexed proposalId, uint16 indexed number, bytes32 adapterHash, bytes32 releaseHash);
    event BondReturned(bytes32 indexed proposalId, uint64 units);
    event Accused(bytes32 indexed proposalId, Fault fault, bytes32 evidenceHash, uint32 slashableAt);
    event AccusationDropped(bytes32 indexed proposalId, bytes32 findingHash);
    event BondSlashed(bytes32 indexed proposalId, uint64 units);
    event Closed(bytes32 indexed proposalId, Status status);
    event TakedownMarked(bytes32 indexed subject, bytes32 reasonHash);
    event LedgerAnchored(uint64 indexed fromSeq, uint64 toSeq, bytes32 root);

    error NotRegistrar(address caller);
    error ArbiterIsRegistrar(address caller);
    error ProposalExists(bytes32 proposalId);
    error BondTooSmall(uint64 bond, uint64 least);
    error WrongStatus(bytes32 proposalId, Status status);
    error TallyContradictsResult(uint64 yes, uint64 no);
    error AlreadyDisputed(bytes32 proposalId);
    error NotDisputed(bytes32 proposalId);
    error WrongPoll(bytes32 proposalId);
    error NotInTree();
    error NotARefutation();
    error SnapshotUnknown(bytes32 root);
    error AdapterUnknown(bytes32 adapterHash);
    error WrongReleaseNumber(uint16 expected, uint16 number);
    error NothingPledged();
    error AlreadyAccused(bytes32 proposalId);
    error NotAccused(bytes32 proposalId);
    error ObjectionsOpen(uint32 until);
    error RangeBackwards(uint64 fromSeq, uint64 toSeq);

    /// @notice Records a proposal and takes its bond. Anybody may call with the proposer's signature.
    /// @dev Requirements: a new id; bond >= LEAST_BOND; ERC-3009 nonce keccak256(abi.encode(PROPOSE, proposalId, contentHash)).
    function propose(
        bytes32 proposalId,
        bytes32 contentHash,
        address proposer,
        uint64 bond,
        Authorization calldata authorization
    ) external;

    /// @notice Prepays demand for a model that does not exist yet: to the treasury at the first release, back otherwise.
    /// @dev Requirements: proposed, polled or passed; nonce keccak256(abi.encode(PLEDGE, proposalId, salt)).
    function pledge(bytes32 proposalId, address account, uint64 units, bytes32 salt, Authorization calldata authorization)
        external;

    /// @notice Pays an account's pledge back. Requirements: rejected, expired or slashed. Anybody may call.
    function refundPledge(bytes32 proposalId, address account) external;

    /// @notice Records a poll's result, final DISPUTE_WINDOW seconds later. Requirements: proposed; passed only with yes > no.
    function recordPoll(bytes32 proposalId, Poll calldata poll) external;

    /// @notice Halts a result until an arbiter decides; takes LEAST_BOND from the disputer.
    /// @dev Requirements: inside the window; nonce keccak256(abi.encode(DISPUTE, proposalId, pollHash, evidenceHash)).
    function disputePoll(
        bytes32 proposalId,
        address disputer,
        bytes32 evidenceHash,
        Authorization calldata authorization
    ) external;

    /// @notice Upheld: the poll is void, may be recorded anew, and the disputer's bond returns. Rejected: it goes to the treasury.
    /// @dev Requirements: arbiter role, never the registrar.
    function resolvePoll(bytes32 proposalId, bool upheld, bytes32 findingHash) external;

    /// @notice Voids a poll by proof: two ballots of its tree that have the same voter or the same index. Anybody may call, until
    /// the result is final. So a ballot counts once.
    function refutePoll(
        bytes32 proposalId,
        Poll calldata poll,
        Ballot calldata one,
        bytes32[] calldata oneProof,
        Ballot calldata other,
        bytes32[] calldata otherProof
    ) external;

    /// @notice Records the datanet of a passed proposal.
    function openDatanet(bytes32 proposalId, bytes32 constitutionHash) external;

    /// @notice Records a frozen datanet. The first of a proposal returns a third of the bond. Requirements: passed or released.
    function anchorSnapshot(bytes32 proposalId, bytes32 root, uint32 rows) external;

    /// @notice Records an adapter trained on an anchored snapshot. The first returns the second third.
    function commitAdapter(
        bytes32 proposalId,
        bytes32 baseHash,
        bytes32 adapterHash,
        bytes32 snapshotRoot,
        bytes32 evaluationHash
    ) external;

    /// @notice Records release `number` (1, 2, ...) of a committed adapter. The first returns the rest of the bond and sends the
    /// pledges to the treasury. Requirements: nobody accuses.
    function release(bytes32 proposalId, uint16 number, bytes32 adapterHash, bytes32 releaseHash) external;

    /// @notice Ends a proposal that was rejected or ran past its deadline: held bonds return. Anybody may call.
    function close(bytes32 proposalId) external;

    /// @notice Starts the objection window of a slash; the bond stops returning meanwhile. Arbiter role, never the registrar.
    function accuse(bytes32 proposalId, Fault fault, bytes32 evidenceHash) external;

    /// @notice Ends an accusation; what the milestones had earned is paid. Guardian role.
    function dropAccusation(bytes32 proposalId, bytes32 findingHash) external;

    /// @notice Sends the held bond to the treasury once OBJECTION_WINDOW has passed. Arbiter role. Pledges become refundable.
    function slash(bytes32 proposalId) external;

    /// @notice Marks something (a row, snapshot, adapter or release, by hash) as taken down. Event only. Guardian role.
    function markTakedown(bytes32 subject, bytes32 reasonHash) external;

    /// @notice Witnesses the Merkle root of ledger events fromSeq..toSeq, both included. Event only.
    function anchorLedger(bytes32 root, uint64 fromSeq, uint64 toSeq) external;

    /// @notice Names the only address that writes the record. Admin role.
    function appointRegistrar(address registrar) external;

    function statusOf(bytes32 proposalId) external view returns (Status);

    function proposal(bytes32 proposalId) external view returns (Proposal memory);
}
